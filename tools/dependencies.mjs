import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repositoryRoot } from './services/home.mjs';

/** @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, devOptional?: boolean, peer?: boolean, extraneous?: boolean }} LockedPackage */

/**
 * Installs what package-lock.json says when node_modules is missing or holds something else; touches nothing when it agrees.
 * @param {{ root?: string, log?: (line: string) => void }} [options]
 * @returns {Promise<void>}
 * @throws when npm fails, with what to do
 */
export async function ensureDependencies({ root = repositoryRoot, log = console.log } = {}) {
  const reason = whyInstall(root);
  if (!reason) return;
  log(`Installing dependencies (npm ci): ${reason}.`);
  const prefetching = once(
    spawn(process.execPath, [fileURLToPath(new URL('services/prefetch-redis.mjs', import.meta.url))], { stdio: 'ignore' }),
    'exit',
  );
  const [command, args] = npm();
  const { status, error } = spawnSync(command, [...args, 'ci'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32' && args.length === 0,
  });
  await prefetching;
  if (status === 0) return;
  throw new Error(
    `"npm ci" ${error ? `could not be run (${error.message})` : `failed with code ${status}`}. Run it by hand in ${root}, then try again.`,
  );
}

/**
 * Compares what npm wrote down after installing with the lock file, entry by entry: an edited lock file counts, a touched one does not.
 * @param {string} root
 * @returns {string | undefined} why an install is needed
 */
export function whyInstall(root) {
  const locked = readPackages(join(root, 'package-lock.json'));
  if (!locked) throw new Error(`${join(root, 'package-lock.json')} is missing or damaged: this is not a complete clone.`);
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return 'node_modules is missing';
  for (const [path, wanted] of Object.entries(locked)) {
    if (path === '' || !path.includes('node_modules/')) continue;
    const found = installed[path];
    // Packages for other platforms are in the lock file and never installed.
    if (!found && !wanted.optional && !wanted.devOptional && !wanted.extraneous) return `${path} is missing`;
    if (found && (found.version !== wanted.version || found.integrity !== wanted.integrity))
      return `${path} is ${found.version}, not ${wanted.version}`;
  }
  return undefined;
}

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage> | undefined}
 */
function readPackages(file) {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * The npm that runs this script, else the one on PATH.
 * @returns {[command: string, args: string[]]}
 */
function npm() {
  const running = process.env['npm_execpath'];
  return running?.endsWith('npm-cli.js') ? [process.execPath, [running]] : ['npm', []];
}
