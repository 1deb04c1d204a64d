// How another shell finds the services of `npm start`: a file that only their owner reads, there while they run.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { repositoryRoot } from './services/home.mjs';

/** @typedef {{ DATABASE_URL: string, REDIS_URL: string, EVERWARM_CONSOLE_TOKEN: string }} ServiceEnv */

const file = join(repositoryRoot, '.everwarm', 'env');

/**
 * @param {ServiceEnv} env
 * @returns {string} the file
 */
export function writeServiceEnv(env) {
  mkdirSync(dirname(file), { recursive: true });
  // Mode applies to a new file only: one left by a killed start is replaced, not reused.
  rmSync(file, { force: true });
  const lines = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** @returns {void} */
export function removeServiceEnv() {
  rmSync(file, { force: true });
}

/**
 * Sets DATABASE_URL, REDIS_URL and EVERWARM_CONSOLE_TOKEN to the services of a running `npm start`, unless either URL is set:
 * half of one's own and half of these would mix two worlds.
 * @param {NodeJS.ProcessEnv} [env] changed in place
 * @returns {boolean} whether it set them
 */
export function loadServiceEnv(env = process.env) {
  if (env['DATABASE_URL'] || env['REDIS_URL']) return false;
  try {
    Object.assign(env, parseEnv(readFileSync(file, 'utf8')));
    return true;
  } catch {
    return false;
  }
}
