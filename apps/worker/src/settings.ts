import { EverwarmError } from 'everwarm';

/** What the worker is told by its environment. */
export type Settings = { readonly databaseUrl: string; readonly redisUrl: string; readonly logLevel: string };

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Reads DATABASE_URL and REDIS_URL (both required; the engine checks their form) and LOG_LEVEL (default warn). Throws E_CONFIG. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, LOG_LEVEL: logLevel = 'warn' } = env;
  if (!databaseUrl) throw new EverwarmError('E_CONFIG', 'DATABASE_URL is not set. Set it to a postgres:// URL.');
  if (!redisUrl) throw new EverwarmError('E_CONFIG', 'REDIS_URL is not set. Set it to a redis:// URL.');
  if (!logLevels.includes(logLevel))
    throw new EverwarmError('E_CONFIG', `LOG_LEVEL is "${logLevel}": it must be one of ${logLevels.join(', ')}.`);
  return { databaseUrl, redisUrl, logLevel };
}
