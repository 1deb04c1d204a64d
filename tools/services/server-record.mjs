// A server outlives a starter that is killed with -9. What it needs to be found again is written beside its data.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pollUntil } from './polling.mjs';
import { commandLineOf, isAlive, signal, startTimeOf } from './processes.mjs';

/** @typedef {import('./types.d.mts').ServerRecord} ServerRecord */

const FIRST_PATIENCE_MS = 8_000;
const NEXT_PATIENCE_MS = 4_000;

/**
 * Writes down a process that was just started. Must be called before anything is awaited, so that no crash falls in between.
 * @param {string} folder the server's own
 * @param {Omit<ServerRecord, 'started'>} server
 * @returns {void}
 */
export function writeServerRecord(folder, server) {
  const started = startTimeOf(server.pid);
  if (started === undefined) return;
  mkdirSync(folder, { recursive: true });
  const file = recordFile(folder);
  writeFileSync(`${file}.new`, JSON.stringify({ ...server, started }));
  renameSync(`${file}.new`, file);
}

/**
 * Stops the server that a record names, if it still runs and is provably the one recorded (same start time, its marks in
 * the command line), and removes the record.
 * @param {string} folder the server's own
 * @returns {Promise<number | undefined>} the pid that was stopped; undefined when nothing ran
 * @throws when the process survives every signal
 */
export async function stopRecordedServer(folder) {
  const record = readServerRecord(folder);
  const running = record !== undefined && isRecorded(record);
  if (running) await stopProcess(record);
  rmSync(recordFile(folder), { force: true });
  return running ? record.pid : undefined;
}

/**
 * Removes the record of a server that has ended, unless another has taken its place in the folder.
 * @param {string} folder the server's own
 * @param {number} pid
 * @returns {void}
 */
export function removeServerRecord(folder, pid) {
  if (readServerRecord(folder)?.pid === pid) rmSync(recordFile(folder), { force: true });
}

/**
 * Sends the record's signals one after the other, each with its time to work, until the process is gone.
 * @param {ServerRecord} record
 * @param {number} [patienceMs] how long the first signal may take to work
 * @returns {Promise<void>}
 * @throws when it survives all of them
 */
export async function stopProcess({ pid, started, signals }, patienceMs = FIRST_PATIENCE_MS) {
  for (const [index, each] of signals.entries()) {
    if (!isAlive(pid, started)) return;
    signal(pid, each);
    const timeoutMs = index === 0 ? patienceMs : NEXT_PATIENCE_MS;
    if (await pollUntil(() => (isAlive(pid, started) ? undefined : true), { timeoutMs })) return;
  }
  if (isAlive(pid, started))
    throw new Error(`Process ${pid} (${commandLineOf(pid)}) does not end on ${signals.join(', ')}. End it by hand.`);
}

/**
 * @param {ServerRecord} record
 * @returns {boolean} whether the recorded process runs, and is what the record says
 */
function isRecorded({ pid, started, marks }) {
  const command = commandLineOf(pid);
  return isAlive(pid, started) && marks.every((mark) => command.includes(mark));
}

/**
 * @param {string} folder
 * @returns {ServerRecord | undefined}
 */
function readServerRecord(folder) {
  try {
    return JSON.parse(readFileSync(recordFile(folder), 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param {string} folder */
function recordFile(folder) {
  return join(folder, 'server.json');
}
