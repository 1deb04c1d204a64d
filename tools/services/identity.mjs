// Postgres refuses to run as root, and Redis should not. As root, servers run as `nobody`: that user exists everywhere, and
// needs to own nothing but the server's own folder.
import { spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';

/** @typedef {import('./types.d.mts').Identity} Identity */

const NOBODY = 65534;

/**
 * The user that servers run as: `nobody` for root, the current user for everybody else.
 * @returns {Identity}
 */
export function serverIdentity() {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
}

/**
 * Whether that user can enter this folder. Asked of the kernel rather than read from mode bits, which know nothing of ACLs and mounts.
 * @param {string} folder
 * @param {Identity} identity
 * @returns {boolean}
 */
export function canEnter(folder, identity) {
  if (!identity) return true;
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...identity, cwd: '/', stdio: 'ignore' }).status === 0;
}

/**
 * Whether that user can run this program.
 * @param {string} program
 * @param {Identity} identity
 * @param {Readonly<Record<string, string>>} [env] added to the environment
 * @returns {boolean}
 */
export function canRun(program, identity, env = {}) {
  return spawnSync(program, ['--version'], { ...identity, cwd: '/', stdio: 'ignore', env: { ...process.env, ...env } }).status === 0;
}

/**
 * Gives a file or folder to that user; does nothing when that is the current one.
 * @param {string} path
 * @param {Identity} identity
 * @returns {void}
 */
export function giveTo(path, identity) {
  if (identity) chownSync(path, identity.uid, identity.gid);
}
