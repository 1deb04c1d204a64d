import { EverwarmError } from 'everwarm';

/** What the API is told by its environment. */
export type Settings = {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  /** Megabytes of documents that the process keeps in its own memory; 0 keeps none. */
  readonly memoryMb: number;
};

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/**
 * Reads DATABASE_URL and REDIS_URL (both required), HOST (default 127.0.0.1: only this machine), PORT (default 3000; 0 takes a free
 * one), LOG_LEVEL (default warn) and MEMORY_MB (default 0: whatever is read is asked of Redis). Throws E_CONFIG naming the variable that is missing or wrong.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const { HOST: host = '127.0.0.1', PORT: port = '3000', LOG_LEVEL: logLevel = 'warn', MEMORY_MB: memory = '0' } = env;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new EverwarmError('E_CONFIG', `PORT is "${port}": it must be a number from 0 to 65535.`);
  if (!logLevels.includes(logLevel))
    throw new EverwarmError('E_CONFIG', `LOG_LEVEL is "${logLevel}": it must be one of ${logLevels.join(', ')}.`);
  if (!/^\d{1,5}$/.test(memory)) throw new EverwarmError('E_CONFIG', `MEMORY_MB is "${memory}": it must be a whole number of megabytes.`);
  return {
    databaseUrl: requireUrl(env, 'DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: requireUrl(env, 'REDIS_URL', ['redis:', 'rediss:']),
    host,
    port: Number(port),
    logLevel,
    memoryMb: Number(memory),
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
