import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { logTail, startDaemon, whyNotReady } from './daemon.mjs';
import { giveTo, serverIdentity } from './identity.mjs';
import { freePort } from './ports.mjs';
import { findPostgres } from './postgres-binaries.mjs';
import { ensureCluster } from './postgres-cluster.mjs';
import { commandLineOf, startTimeOf } from './processes.mjs';
import { stopProcess, stopRecordedServer } from './server-record.mjs';

/** @import { PostgresOptions, RunningServer } from './types.d.mts' */

const READY_TIMEOUT_MS = 60_000;
const START_ATTEMPTS = 5;

/** SIGINT: fast shutdown. SIGQUIT: at once, with recovery at the next start. SIGKILL to a postmaster that answers neither. */
const STOP_SIGNALS = /** @type {const} */ (['SIGINT', 'SIGQUIT', 'SIGKILL']);

/**
 * Starts a private Postgres: on the loopback address and a free port, no socket file, a random password, and room for
 * prepared transactions. A server left in this folder by a killed run is stopped first; data made earlier is kept.
 * @param {PostgresOptions} options
 * @returns {Promise<RunningServer>} once it accepts connections
 * @throws when there are no binaries, or it does not come up; the message ends with its log
 */
export async function startPostgres({
  folder,
  binariesFolder = folder,
  fsync = true,
  settings = {},
  prefer,
  database = 'postgres',
  log = () => {},
}) {
  const identity = serverIdentity();
  mkdirSync(folder, { recursive: true });
  const binaries = findPostgres({ prefer, identity, copyTo: binariesFolder });
  const orphan = await stopRecordedServer(folder);
  if (orphan) log(`Stopped the Postgres (pid ${orphan}) that an earlier run left behind.`);
  const { dataDir, password } = ensureCluster({ folder, binaries, identity, database, sync: fsync });
  giveTo(dataDir, identity);
  await stopUnrecorded(dataDir);

  for (let attempt = 1; ; attempt++) {
    const port = await freePort(lastPort(folder));
    const daemon = startDaemon({
      folder,
      command: binaries.postgres,
      args: ['-D', dataDir, '-p', String(port), ...settingArguments(fsync, settings)],
      env: { LC_ALL: 'C' },
      identity,
      marks: ['-D', dataDir],
      signals: fsync ? STOP_SIGNALS : STOP_SIGNALS.slice(1),
    });
    const failure = await whyNotReady(daemon, () => isReady(dataDir, daemon.pid), READY_TIMEOUT_MS);
    if (!failure) {
      writeFileSync(portFile(folder), String(port));
      const url = `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
      return { ...daemon, url, host: '127.0.0.1', port, version: binaries.version, source: binaries.source, dataDir };
    }
    await daemon.stop();
    const output = logTail(folder);
    if (attempt === START_ATTEMPTS || !isPassing(output)) {
      throw new Error(`Postgres ${binaries.version} (${binaries.source}) with data in ${dataDir} ${failure}:\n${output}`);
    }
    rmSync(portFile(folder), { force: true });
  }
}

/**
 * @param {boolean} fsync
 * @param {Readonly<Record<string, string>>} further
 */
function settingArguments(fsync, further) {
  const unsafe = { fsync: 'off', full_page_writes: 'off' };
  const chosen = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    max_prepared_transactions: '20',
    lc_messages: 'C',
    log_timezone: 'UTC',
    TimeZone: 'UTC',
    ...(fsync ? {} : unsafe),
    ...further,
  };
  return Object.entries(chosen).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * The postmaster writes its status into the eighth line of its pid file; reading that needs no client and no password.
 * @param {string} dataDir
 * @param {number} pid
 */
function isReady(dataDir, pid) {
  const lines = readPostmasterFile(dataDir);
  // A replica that answers says `standby`.
  return lines[0] === String(pid) && /^(ready|standby)$/.test(lines[7]?.trim() ?? '');
}

/**
 * A start may die between starting the server and recording it; Postgres' own pid file knows.
 * @param {string} dataDir
 */
async function stopUnrecorded(dataDir) {
  const pid = Number(readPostmasterFile(dataDir)[0]);
  const started = pid > 1 ? startTimeOf(pid) : undefined;
  if (started === undefined || !commandLineOf(pid).includes(dataDir)) return;
  await stopProcess({ pid, started, marks: [dataDir], signals: STOP_SIGNALS });
}

/** @param {string} dataDir */
function readPostmasterFile(dataDir) {
  try {
    return readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

/**
 * Somebody took the port in between, or the backends of a killed postmaster are still on their way out: worth another try.
 * @param {string} output
 */
function isPassing(output) {
  return /Address already in use|could not create any TCP\/IP sockets|shared memory block .* is still in use/.test(output);
}

/** The port of the last time, so that a URL pasted into another shell stays good. @param {string} folder */
function lastPort(folder) {
  return existsSync(portFile(folder)) ? Number(readFileSync(portFile(folder), 'utf8')) : undefined;
}

/** @param {string} folder */
function portFile(folder) {
  return join(folder, 'port');
}
