// One `npm start` per clone: two would share a data directory. The lock is a file that names its owner, so that a killed owner holds nothing.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../services/home.mjs';
import { isAlive, startTimeOf } from '../services/processes.mjs';

const file = join(repositoryRoot, '.everwarm', 'start.json');

/**
 * Takes the lock, or says who has it.
 * @returns {{ pid: number, urls: string[] } | undefined} the living `npm start` that has it; undefined when it is ours now
 */
export function takeRunLock() {
  mkdirSync(join(repositoryRoot, '.everwarm'), { recursive: true });
  const owner = readOwner();
  if (owner && isAlive(owner.pid, owner.started)) return owner;
  rmSync(file, { force: true });
  try {
    writeFileSync(file, lockText([]), { flag: 'wx' });
    return undefined;
  } catch {
    // Another one was faster between the two lines above.
    return readOwner() ?? { pid: 0, urls: [] };
  }
}

/**
 * Says in the lock where things are, for those who find it taken.
 * @param {string[]} urls
 * @returns {void}
 */
export function describeRun(urls) {
  writeFileSync(file, lockText(urls));
}

/** @returns {void} */
export function releaseRunLock() {
  if (readOwner()?.pid === process.pid) rmSync(file, { force: true });
}

/** @param {string[]} urls */
function lockText(urls) {
  return JSON.stringify({ pid: process.pid, started: startTimeOf(process.pid), urls });
}

/** @returns {{ pid: number, started: string, urls: string[] } | undefined} */
function readOwner() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
