import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../services/home.mjs';
import { startTimeOf } from '../services/processes.mjs';
import { removeServerRecord, stopProcess, stopRecordedServer, writeServerRecord } from '../services/server-record.mjs';

/** @import { Daemon, Log } from '../services/types.d.mts' */

/** @typedef {Daemon & { name: string, entry: string, ready: Promise<string> }} App */

/** How every TypeScript program of this repository is run: workspace packages resolve to their source. */
export const RUN_SOURCE = ['-C', 'everwarm-source', '--import', 'tsx'];

const READY = /\b(listening|ready)\b/i;
const READY_TIMEOUT_MS = 60_000;

/**
 * Stops apps that a killed `npm start` left running.
 * @param {readonly string[]} names
 * @param {Log} log
 * @returns {Promise<void>}
 */
export async function stopOrphanedApps(names, log) {
  for (const name of names) {
    const pid = await stopRecordedServer(recordFolder(name));
    if (pid) log(`Stopped the ${name} (pid ${pid}) that an earlier run left behind.`);
  }
}

/**
 * Starts `apps/NAME`, its lines printed behind its name. It runs in a process group of its own: Ctrl-C reaches this process,
 * which then stops the apps in order.
 * @param {{ name: string, env: Readonly<Record<string, string>>, log: Log }} app
 * @returns {App} `ready` rejects when it ends, or says nothing of being ready for a minute
 * @throws when the app is not there
 */
export function startApp({ name, env, log }) {
  const entry = `apps/${name}/src/main.ts`;
  if (!existsSync(join(repositoryRoot, entry))) throw new Error(`${entry} is missing: this is not a complete clone.`);
  const child = spawn(process.execPath, [...RUN_SOURCE, entry], {
    cwd: repositoryRoot,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? -1;
  const record = { pid, marks: [entry], signals: /** @type {const} */ (['SIGTERM', 'SIGKILL']) };
  const started = startTimeOf(pid);
  writeServerRecord(recordFolder(name), record);

  /** @type {Promise<import('../services/types.d.mts').Exit>} */
  const exited = new Promise((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const ready = new Promise((/** @type {(line: string) => void} */ resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        log(`${name.padEnd(8)}| ${line}`);
        if (READY.test(line)) resolve(line);
      });
    }
    void exited.then((exit) => reject(new Error(`${entry} ended with ${describeExit(exit)} before it was ready.`)));
    setTimeout(
      () => reject(new Error(`${entry} did not say that it is ready within ${READY_TIMEOUT_MS / 1000} s.`)),
      READY_TIMEOUT_MS,
    ).unref();
  });
  // Whoever does not wait for it must not be ended by its failure.
  ready.catch(() => {});

  return {
    name,
    entry,
    pid,
    ready,
    exited,
    async stop(patienceMs) {
      if (started !== undefined) await stopProcess({ ...record, started }, patienceMs);
      await exited;
      removeServerRecord(recordFolder(name), pid);
    },
  };
}

/**
 * @param {import('../services/types.d.mts').Exit} exit
 * @returns {string}
 */
export function describeExit({ code, signal }) {
  return signal ?? `code ${code}`;
}

/** @param {string} name */
function recordFolder(name) {
  const folder = join(repositoryRoot, '.everwarm', 'apps', name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
