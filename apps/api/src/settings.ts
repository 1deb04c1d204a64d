import { EverwarmError } from 'everwarm';

/** What the API is told by its environment. */
export type Settings = {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
};

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/**
 * Reads DATABASE_URL and REDIS_URL (both required), HOST (default 127.0.0.1: only this machine), PORT (default 3000; 0 takes a free
 * one) and LOG_LEVEL (default warn). Throws E_CONFIG naming the variable that is missing or wrong.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const { HOST: host = '127.0.0.1', PORT: port = '3000', LOG_LEVEL: logLevel = 'warn' } = env;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new EverwarmError('E_CONFIG', `PORT is "${port}": it must be a number from 0 to 65535.`);
  if (!logLevels.includes(logLevel))
    throw new EverwarmError('E_CONFIG', `LOG_LEVEL is "${logLevel}": it must be one of ${logLevels.join(', ')}.`);
  return {
    databaseUrl: requireUrl(env, 'DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: requireUrl(env, 'REDIS_URL', ['redis:', 'rediss:']),
    host,
    port: Number(port),
    logLevel,
  };
}

/** The value is not repeated in the message: it may hold a password. */
function requireUrl(env: NodeJS.ProcessEnv, name: string, protocols: readonly string[]): string {
  const value = env[name];
  if (!value) throw new EverwarmError('E_CONFIG', `${name} is not set. Set it to a ${protocols[0]}// URL.`);
  if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol))
    throw new EverwarmError('E_CONFIG', `${name} is not a ${protocols[0]}// URL.`);
  return value;
}
