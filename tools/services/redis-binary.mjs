import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { canRun } from './identity.mjs';
import { unpackedRedis } from './redis-package.mjs';

/** @import { Identity, Log, RedisBinary, RedisSource } from './types.d.mts' */

/**
 * Finds a Redis that the servers' user can run: on PATH, else the distribution's package unpacked, else the JavaScript one.
 * @param {{ sources: readonly RedisSource[], identity: Identity, packageFolder: string, log: Log }} wish
 * @returns {RedisBinary}
 * @throws when none of the sources has one, with what to install
 */
export function findRedis({ sources, identity, packageFolder, log }) {
  for (const source of sources) {
    const found = source === 'path' ? onPath(identity) : source === 'package' ? fromPackage(packageFolder, identity, log) : inJavaScript();
    if (found) return found;
  }
  throw new Error(`No Redis found (looked for: ${sources.join(', ')}). ${howToInstall()} Or set REDIS_URL to a server that runs.`);
}

/**
 * The one command that gets the real thing on this machine.
 * @returns {string}
 */
export function howToInstall() {
  if (process.platform === 'darwin') return 'Get it with: brew install redis';
  if (existsSync('/etc/debian_version')) return 'Get it with: sudo apt-get install -y redis-server';
  return 'Install Redis 6.2 or newer, or Valkey, so that redis-server or valkey-server is on PATH.';
}

/**
 * @param {Identity} identity
 * @returns {RedisBinary | undefined}
 */
function onPath(identity) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  for (const name of ['valkey-server', 'redis-server']) {
    const command = folders.map((folder) => join(folder, name)).find((file) => existsSync(file) && canRun(file, identity));
    if (command) return { command, args: [], env: {}, version: versionOf(command, {}), source: `${name} on PATH`, kind: 'path' };
  }
  return undefined;
}

/**
 * @param {string} folder
 * @param {Identity} identity
 * @param {Log} log
 * @returns {RedisBinary | undefined}
 */
function fromPackage(folder, identity, log) {
  const found = unpackedRedis(folder, log);
  if (!found) return undefined;
  const version = versionOf(found.command, found.env);
  return version === 'unknown' || !canRun(found.command, identity, found.env)
    ? undefined
    : { ...found, args: [], version, kind: 'package' };
}

/** @returns {RedisBinary | undefined} */
function inJavaScript() {
  try {
    const entry = createRequire(import.meta.url).resolve('js-redis-server');
    const cli = join(dirname(entry), 'cli.js');
    const loopbackOnly = new URL('loopback-only.mjs', import.meta.url).href;
    return {
      command: process.execPath,
      args: ['--import', loopbackOnly, cli],
      env: {},
      version: 'unknown',
      source: 'js-redis-server (JavaScript)',
      kind: 'javascript',
    };
  } catch {
    return undefined;
  }
}

/**
 * @param {string} command
 * @param {Record<string, string>} env
 */
function versionOf(command, env) {
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', env: { ...process.env, ...env } });
  return /v=(\S+)/.exec(stdout ?? '')?.[1] ?? 'unknown';
}
