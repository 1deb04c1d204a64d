import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { logTail, startDaemon, whyNotReady } from './daemon.mjs';
import { giveTo, serverIdentity } from './identity.mjs';
import { freePort } from './ports.mjs';
import { findRedis, howToInstall } from './redis-binary.mjs';
import { stopRecordedServer } from './server-record.mjs';

/** @import { Daemon, Identity, RedisBinary, RedisOptions, RunningServer } from './types.d.mts' */

const READY_TIMEOUT_MS = 30_000;
const START_ATTEMPTS = 5;

/**
 * Starts a private Redis: on the loopback address, with a random password, never evicting unless told to, with an
 * append-only file unless told not to. A server left in this folder by a killed run is stopped first.
 * @param {RedisOptions} options
 * @returns {Promise<RunningServer>} once it answers
 * @throws when there is no Redis, or it does not come up; the message ends with its log
 */
export async function startRedis({
  folder,
  packageFolder = folder,
  persistent = true,
  maxmemoryPolicy = 'noeviction',
  port: fixedPort,
  sources = ['path', 'package', 'javascript'],
  log = () => {},
}) {
  mkdirSync(folder, { recursive: true });
  const serversUser = serverIdentity();
  const binary = findRedis({ sources, identity: serversUser, packageFolder, log });
  // The JavaScript one reads node_modules, which only the current user is sure to reach.
  const identity = binary.kind === 'javascript' ? undefined : serversUser;
  const orphan = await stopRecordedServer(folder);
  if (orphan) log(`Stopped the Redis (pid ${orphan}) that an earlier run left behind.`);
  const { dataDir, password, configuration } = prepare(folder, identity, { persistent, maxmemoryPolicy });

  for (let attempt = 1; ; attempt++) {
    const port = fixedPort ?? (await freePort(attempt === 1 ? lastPort(folder) : undefined));
    const daemon = startServer({ binary, folder, configuration, port, identity });
    const greeting = binary.kind === 'javascript' ? '*1\r\n$4\r\nPING\r\n' : `AUTH ${password}\r\nPING\r\n`;
    const failure = await whyNotReady(daemon, () => answers(port, greeting), READY_TIMEOUT_MS);
    if (!failure) {
      if (binary.kind === 'javascript') warnAboutJavaScript(log);
      writeFileSync(join(folder, 'port'), String(port));
      const url = binary.kind === 'javascript' ? `redis://127.0.0.1:${port}` : `redis://default:${password}@127.0.0.1:${port}`;
      return { ...daemon, url, host: '127.0.0.1', port, version: binary.version, source: binary.source, dataDir };
    }
    await daemon.stop();
    const output = logTail(folder);
    if (attempt === START_ATTEMPTS || fixedPort !== undefined || !/Address already in use|EADDRINUSE/.test(output)) {
      throw new Error(`Redis ${binary.version} (${binary.source}) on port ${port} ${failure}:\n${output}`);
    }
  }
}

/**
 * The password stands in a file that only the servers' user reads: arguments are seen by everybody.
 * @param {string} folder
 * @param {Identity} identity
 * @param {{ persistent: boolean, maxmemoryPolicy: string }} options
 */
function prepare(folder, identity, { persistent, maxmemoryPolicy }) {
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  giveTo(dataDir, identity);
  const passwordFile = join(folder, 'password');
  if (!existsSync(passwordFile)) writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
  const password = readFileSync(passwordFile, 'utf8');
  const configuration = join(dataDir, 'redis.conf');
  const lines = [
    'bind 127.0.0.1',
    `dir "${dataDir}"`,
    `requirepass ${password}`,
    `maxmemory-policy ${maxmemoryPolicy}`,
    `appendonly ${persistent ? 'yes' : 'no'}`,
    'save ""',
    'daemonize no',
  ];
  writeFileSync(configuration, `${lines.join('\n')}\n`, { mode: 0o600 });
  giveTo(configuration, identity);
  return { dataDir, password, configuration };
}

/**
 * @param {{ binary: RedisBinary, folder: string, configuration: string, port: number, identity: Identity }} server
 * @returns {Daemon}
 */
function startServer({ binary, folder, configuration, port, identity }) {
  const inJavaScript = binary.kind === 'javascript';
  return startDaemon({
    folder,
    command: binary.command,
    args: inJavaScript ? [...binary.args, '--port', String(port)] : [configuration, '--port', String(port)],
    env: binary.env,
    identity,
    // Redis replaces its arguments by "redis-server 127.0.0.1:PORT": what both forms share.
    marks: ['-server', String(port)],
    signals: ['SIGTERM', 'SIGKILL'],
  });
}

/**
 * Whether our own server answers there: another one would not know the password. While it still loads its file it says so instead of PONG.
 * @param {number} port
 * @param {string} greeting
 * @returns {Promise<boolean>}
 */
function answers(port, greeting) {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(greeting));
    const finish = (/** @type {boolean} */ ready) => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.includes('+PONG')) finish(true);
      else if (/^-(?!LOADING)|\n-/.test(text)) finish(false);
    });
  });
}

/** @param {import('./types.d.mts').Log} log */
function warnAboutJavaScript(log) {
  const line = '*'.repeat(88);
  log(line);
  log('*  DEMO SPEED, NOTHING IS KEPT: no real Redis was found, so one written in JavaScript stands in.');
  log(`*  ${howToInstall()}`);
  log(line);
}

/** @param {string} folder */
function lastPort(folder) {
  const file = join(folder, 'port');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
}
