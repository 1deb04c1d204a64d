import { randomBytes } from 'node:crypto';
import { EverwarmError } from 'everwarm';

/** What the console is told by its environment. */
export type Settings = {
  readonly redisUrl: string;
  readonly host: string;
  readonly port: number;
  readonly token: string;
  /** The token was made up just now: nobody knows it yet. */
  readonly isTokenNew: boolean;
};

/**
 * Reads REDIS_URL (required), HOST (default 127.0.0.1: only this machine), PORT (default 3001; 0 takes a free one) and
 * EVERWARM_CONSOLE_TOKEN (one is made up when it is not set). Throws E_CONFIG naming the variable that is missing or wrong.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const { REDIS_URL: redisUrl, HOST: host = '127.0.0.1', PORT: port = '3001', EVERWARM_CONSOLE_TOKEN: token } = env;
  if (!redisUrl) throw new EverwarmError('E_CONFIG', 'REDIS_URL is not set. Set it to a redis:// URL.');
  if (!URL.canParse(redisUrl) || !/^rediss?:$/.test(new URL(redisUrl).protocol)) {
    throw new EverwarmError('E_CONFIG', 'REDIS_URL is not a redis:// URL.');
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new EverwarmError('E_CONFIG', `PORT is "${port}": it must be a number from 0 to 65535.`);
  }
  return { redisUrl, host, port: Number(port), token: token || randomBytes(18).toString('base64url'), isTokenNew: !token };
}
