import { join } from 'node:path';
import { serviceHome } from './home.mjs';
import { startPostgres } from './postgres.mjs';
import { startRedis } from './redis.mjs';

/** @import { Log, RunningServer } from './types.d.mts' */

/**
 * The services of `npm start`: those that DATABASE_URL and REDIS_URL name, else servers of our own, whose data stays in `.everwarm/`.
 * One line is logged for each.
 * @param {{ env: Readonly<Record<string, string | undefined>>, log: Log, home?: string }} options
 * @returns {Promise<{ databaseUrl: string, redisUrl: string, started: { name: string, server: RunningServer }[] }>} `started`: ours, in the order
 *   they were started
 * @throws when one cannot be started; what was started before is stopped
 */
export async function resolveServices({ env, log, home = serviceHome() }) {
  /** @type {{ name: string, server: RunningServer }[]} */
  const started = [];
  try {
    const databaseUrl =
      env['DATABASE_URL'] ||
      (await own('Postgres', startPostgres({ folder: join(home, 'postgres'), binariesFolder: home, database: 'blog', log })));
    if (env['DATABASE_URL']) log(`Postgres  DATABASE_URL: ${describeUrl(databaseUrl)}`);
    const redisUrl = env['REDIS_URL'] || (await own('Redis', startRedis({ folder: join(home, 'redis'), packageFolder: home, log })));
    if (env['REDIS_URL']) log(`Redis     REDIS_URL: ${describeUrl(redisUrl)}`);
    return { databaseUrl, redisUrl, started };
  } catch (error) {
    for (const { server } of started.reverse()) await server.stop();
    throw error;
  }

  /**
   * @param {string} name
   * @param {Promise<RunningServer>} starting
   */
  async function own(name, starting) {
    const server = await starting;
    started.push({ name, server });
    log(`${name.padEnd(9)} ${server.source} ${server.version} on 127.0.0.1:${server.port}, data in ${server.dataDir}`);
    return server.url;
  }
}

/**
 * A connection URL for people: host, port and database, never user or password.
 * @param {string} text
 * @returns {string}
 */
export function describeUrl(text) {
  try {
    const url = new URL(text);
    const database = decodeURIComponent(url.pathname.slice(1));
    return `host ${url.host || '(local socket)'}${database ? `, database ${database}` : ''}`;
  } catch {
    return '(not a URL: a driver may still understand it)';
  }
}
