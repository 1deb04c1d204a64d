// Where servers keep their files: `.everwarm/` of the clone, or, where the servers' user cannot get there (a clone in
// root's home, a private temporary folder), a folder of ours under the system's temporary directory.
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canEnter, serverIdentity } from './identity.mjs';

/** The root of the clone that this file belongs to, symbolic links resolved. */
export const repositoryRoot = realpathSync(fileURLToPath(new URL('../..', import.meta.url)));

/**
 * The folder in which the servers of this clone keep their files, created when missing and passable for the servers' user.
 * The same clone gets the same folder every time.
 * @param {string} [root] the clone
 * @returns {string}
 * @throws when the folder's name in the temporary directory is taken by somebody else
 */
export function serviceHome(root = repositoryRoot) {
  const identity = serverIdentity();
  const inside = join(root, '.everwarm');
  mkdirSync(inside, { recursive: true });
  if (canEnter(inside, identity)) return inside;
  const outside = join(realpathSync(tmpdir()), `everwarm-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`);
  mkdirSync(outside, { recursive: true, mode: 0o711 });
  assertOurs(outside);
  chmodSync(outside, 0o711);
  if (!canEnter(outside, identity)) {
    throw new Error(
      `User ${identity?.uid} can enter neither ${inside} nor ${outside}. Clone into a folder that every user may pass, or set TMPDIR to one.`,
    );
  }
  return outside;
}

/**
 * The temporary directory is everybody's: a folder prepared by another user under a name that can be guessed is a trap.
 * @param {string} folder
 */
function assertOurs(folder) {
  const found = lstatSync(folder);
  if (found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid) && (found.mode & 0o022) === 0) return;
  throw new Error(
    `${folder} exists and is not a private folder of the current user (uid ${found.uid}). Remove it, or set TMPDIR to another folder.`,
  );
}
