// `npm start`: services, migrations, demo data, API, worker and console, with one command on a fresh machine.
import { randomBytes } from 'node:crypto';
import { ensureDependencies } from './dependencies.mjs';
import { removeServiceEnv, writeServiceEnv } from './service-env.mjs';
import { freePort, isFree } from './services/ports.mjs';
import { describeUrl, resolveServices } from './services/resolve.mjs';
import { describeExit, startApp, stopOrphanedApps } from './start/app.mjs';
import { prepareDemo } from './start/demo-data.mjs';
import { describeRun, releaseRunLock, takeRunLock } from './start/run-lock.mjs';
import { stopAll, stopOnSignals } from './start/stopping.mjs';

/** @typedef {import('./start/stopping.mjs').Started} Started */

const USAGE = `npm start [-- --demo]

Starts everything: Postgres and Redis (DATABASE_URL, REDIS_URL, or servers of its own with data in .everwarm/), migrations,
demo data, API (PORT, default 3000), worker, console (EVERWARM_CONSOLE_PORT, default 3001). HOST, default 127.0.0.1.

  --demo   also migrate and fill a database that DATABASE_URL names; without it that database is only read and written by the apps
`;

const log = (/** @type {string} */ line) => console.log(line);

// A terminal that went away must not keep what was started from being stopped.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exitCode = await main(process.argv.slice(2));

/** @param {readonly string[]} args */
async function main(args) {
  if (args.includes('--help') || args.includes('-h')) return done(USAGE, 0);
  const unknown = args.filter((arg) => arg !== '--demo');
  if (unknown.length > 0) return done(`Unknown: ${unknown.join(' ')}\n\n${USAGE}`, 2);

  const running = takeRunLock();
  if (running) {
    const where = running.urls.map((url) => `\n  ${url}`).join('');
    return done(
      `"npm start" is already running here (pid ${running.pid}): use that one, or stop it with Ctrl-C or "kill ${running.pid}".${where}`,
      1,
    );
  }
  const stopping = stopOnSignals(log);
  /** @type {Started[]} */
  const started = [];
  let failed = false;
  try {
    await start(started, stopping.signal, args.includes('--demo'));
    await aborted(stopping.signal);
  } catch (error) {
    if (!stopping.signal.aborted) {
      console.error(`\n${error instanceof Error ? error.message : String(error)}\n`);
      failed = true;
    }
  }
  return shutDown(started, failed ? 1 : 0);
}

/**
 * @param {Started[]} started filled as things come up, so that a failure half way stops what is there
 * @param {AbortSignal} signal
 * @param {boolean} demo
 */
async function start(started, signal, demo) {
  await ensureDependencies({ log });
  signal.throwIfAborted();
  await stopOrphanedApps(['api', 'console', 'worker'], log);
  const begin = performance.now();
  const services = await resolveServices({ env: process.env, log });
  log(`Services are up after ${((performance.now() - begin) / 1000).toFixed(1)} s.`);
  started.push(...services.started.map(({ name, server }) => ({ name, process: server, rank: /** @type {const} */ ('server') })));
  signal.throwIfAborted();

  const token = process.env['EVERWARM_CONSOLE_TOKEN'] || randomBytes(18).toString('base64url');
  const urls = { DATABASE_URL: services.databaseUrl, REDIS_URL: services.redisUrl };
  const file = writeServiceEnv({ ...urls, EVERWARM_CONSOLE_TOKEN: token });
  const env = { ...process.env, ...urls };
  if (!process.env['DATABASE_URL'] || demo) await prepareDemo({ env, signal });
  else
    log(`Not touched without --demo: ${describeUrl(urls.DATABASE_URL)}. "npm start -- --demo" migrates it, and fills it if it is empty.`);
  signal.throwIfAborted();

  const host = process.env['HOST'] || '127.0.0.1';
  const apiPort = await portFor('PORT', 3000, host);
  const consolePort = await portFor('EVERWARM_CONSOLE_PORT', apiPort === 3001 ? 3002 : 3001, host);
  await startApps(started, [
    { name: 'worker', rank: 'worker', env: urls },
    { name: 'api', rank: 'front', env: { ...urls, HOST: host, PORT: String(apiPort) } },
    { name: 'console', rank: 'front', env: { ...urls, HOST: host, PORT: String(consolePort), EVERWARM_CONSOLE_TOKEN: token } },
  ]);
  signal.throwIfAborted();
  reportDeaths(started, signal);

  const lines = [
    `API      http://${host}:${apiPort}`,
    `Docs     http://${host}:${apiPort}/docs`,
    `Console  http://${host}:${consolePort}/queues   token: ${token}`,
  ];
  describeRun(lines.map((line) => line.replace(/ +token: .*/, '')));
  log(`\n${lines.join('\n')}\n`);
  log(`For another shell ("npm run blog" and "npm run everwarm" find these by themselves, in ${file}):\n`);
  log(`export DATABASE_URL='${urls.DATABASE_URL}'\nexport REDIS_URL='${urls.REDIS_URL}'\n\nCtrl-C stops everything.`);
}

/**
 * @param {Started[]} started
 * @param {readonly { name: string, rank: Started['rank'], env: Record<string, string> }[]} apps
 */
async function startApps(started, apps) {
  const running = apps.map(({ name, rank, env }) => {
    const app = startApp({ name, env, log });
    started.push({ name, process: app, rank });
    return app;
  });
  await Promise.all(running.map((app) => app.ready));
}

/**
 * The rest goes on: what the dead one owes stays in the ledger, and whoever watches may start it again.
 * @param {readonly Started[]} started
 * @param {AbortSignal} signal
 */
function reportDeaths(started, signal) {
  for (const { name, process: member } of started) {
    void member.exited.then((exit) => {
      if (!signal.aborted)
        log(
          `\n!! ${name} (pid ${member.pid}) ended with ${describeExit(exit)}. Everything else goes on; Ctrl-C and "npm start" bring it back.\n`,
        );
    });
  }
}

/**
 * @param {string} name of the environment variable that sets it; a port that was asked for is never replaced by another
 * @param {number} usual
 * @param {string} host
 */
async function portFor(name, usual, host) {
  const wanted = process.env[name];
  if (!wanted) return freePort(usual, host);
  const port = Number(wanted);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${name} is "${wanted}": it must be a port, 1 to 65535.`);
  if (!(await isFree(port, host)))
    throw new Error(`${name} is ${port}, which ${host} already uses. Set ${name} to another port, or stop what listens there.`);
  return port;
}

/**
 * @param {readonly Started[]} started
 * @param {number} code
 */
async function shutDown(started, code) {
  const complete = await stopAll(started, log);
  removeServiceEnv();
  releaseRunLock();
  if (started.length > 0) log(complete ? 'Everything is stopped.' : 'Not everything could be stopped; the next start tries again.');
  return complete ? code : 1;
}

/** @param {AbortSignal} signal */
function aborted(signal) {
  // A promise alone does not keep Node running, and an app's pipes do so only as long as there is one.
  const awake = setInterval(() => {}, 60_000);
  return new Promise((/** @type {(value: void) => void} */ resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  }).finally(() => clearInterval(awake));
}

/**
 * @param {string} text
 * @param {number} code
 */
function done(text, code) {
  (code === 0 ? console.log : console.error)(text);
  return code;
}
