import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pollUntil } from './polling.mjs';
import { startTimeOf } from './processes.mjs';
import { removeServerRecord, stopProcess, writeServerRecord } from './server-record.mjs';

/** @import { Daemon, Identity } from './types.d.mts' */

/**
 * Starts a server process in a process group of its own (Ctrl-C at the terminal must not reach it before its clients are
 * done), its output in `server.log`, and records it. It does not keep this process alive.
 * @param {{ folder: string, command: string, args: readonly string[], env?: Readonly<Record<string, string>>, identity: Identity,
 *           marks: readonly string[], signals: readonly NodeJS.Signals[] }} server
 * @returns {Daemon}
 */
export function startDaemon({ folder, command, args, env, identity, marks, signals }) {
  const output = openSync(logFile(folder), 'w', 0o600);
  const child = spawn(command, args, {
    ...identity,
    cwd: '/',
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  /** @type {Promise<import('./types.d.mts').Exit>} */
  const exited = new Promise((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  child.unref();
  const pid = child.pid ?? -1;
  const started = startTimeOf(pid);
  writeServerRecord(folder, { pid, marks, signals });
  return {
    pid,
    exited,
    async stop(patienceMs) {
      child.ref();
      if (started !== undefined) await stopProcess({ pid, started, marks, signals }, patienceMs);
      await exited;
      removeServerRecord(folder, pid);
    },
  };
}

/**
 * Waits until a server is ready, and no longer than it lives.
 * @param {Daemon} daemon
 * @param {() => boolean | Promise<boolean>} isReady
 * @param {number} timeoutMs
 * @returns {Promise<string | undefined>} what went wrong, to complete the sentence "Postgres …"; undefined when it is ready
 */
export async function whyNotReady(daemon, isReady, timeoutMs) {
  /** @type {string | undefined} */
  let ended;
  void daemon.exited.then(({ code, signal }) => {
    ended = `ended with ${signal ?? `code ${code}`}`;
  });
  const answer = await pollUntil(async () => ended ?? ((await isReady()) ? 'ready' : undefined), { timeoutMs });
  return answer === 'ready' ? undefined : (answer ?? `was not ready within ${timeoutMs / 1000} s`);
}

/**
 * The end of a server's log, for an error message.
 * @param {string} folder the server's own
 * @param {number} [lines]
 * @returns {string}
 */
export function logTail(folder, lines = 15) {
  try {
    return readFileSync(logFile(folder), 'utf8').trim().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

/** @param {string} folder */
function logFile(folder) {
  return join(folder, 'server.log');
}
