// Servers whose data nobody keeps: tests, oracle, torture, benchmarks. Every run has a folder named after the process that
// owns it, so that runs may go on side by side and the next one clears what a killed one left.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { serviceHome } from './home.mjs';
import { isAlive, startTimeOf } from './processes.mjs';
import { stopRecordedServer } from './server-record.mjs';

/** @import { Log } from './types.d.mts' */

/**
 * A folder for the servers of this process. Runs whose owner is gone are cleared first: their servers stopped, their data removed.
 * @param {{ home?: string, log?: Log }} [options]
 * @returns {Promise<string>}
 */
export async function openRunFolder({ home = serviceHome(), log = () => {} } = {}) {
  await clearDeadRuns(home, log);
  const folder = join(home, 'runs', `${process.pid}-${startTimeOf(process.pid)}-${randomBytes(4).toString('hex')}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Stops every server still recorded in a run's folder and removes the folder.
 * @param {string} folder
 * @param {Log} [log] told of each server that had to be stopped
 * @returns {Promise<void>}
 */
export async function closeRunFolder(folder, log = () => {}) {
  for (const name of namesIn(folder)) {
    const pid = await stopRecordedServer(join(folder, name));
    if (pid) log(`Stopped a server left running: ${name} (pid ${pid}).`);
  }
  // A backend of a postmaster that was just ended may still write its last file.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/**
 * @param {string} home
 * @param {Log} log
 */
async function clearDeadRuns(home, log) {
  for (const name of namesIn(join(home, 'runs'))) {
    const [pid, started] = name.split('-');
    if (isAlive(Number(pid), started ?? '')) continue;
    await closeRunFolder(join(home, 'runs', name), (line) => log(`An earlier run was killed. ${line}`));
  }
}

/** @param {string} folder */
function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
