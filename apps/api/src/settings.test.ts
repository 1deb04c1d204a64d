import { expect, test } from 'vitest';
import { readSettings } from './settings.ts';

const env = { DATABASE_URL: 'postgres://u:secret@db/blog', REDIS_URL: 'redis://cache' };

test('what is not set has a default', () => {
  expect(readSettings(env)).toEqual({
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    host: '127.0.0.1',
    port: 3000,
    logLevel: 'warn',
    memoryMb: 0,
  });
  expect(readSettings({ ...env, HOST: '0.0.0.0', PORT: '0', LOG_LEVEL: 'info', MEMORY_MB: '64' })).toMatchObject({
    host: '0.0.0.0',
    port: 0,
    logLevel: 'info',
    memoryMb: 64,
  });
});

test.each([
  [{ DATABASE_URL: undefined }, 'DATABASE_URL is not set'],
  [{ DATABASE_URL: '' }, 'DATABASE_URL is not set'],
  [{ DATABASE_URL: 'mysql://u:secret@db' }, 'DATABASE_URL is not a postgres:// URL'],
  [{ REDIS_URL: 'secret@db' }, 'REDIS_URL is not a redis:// URL'],
  [{ PORT: '70000' }, 'PORT is "70000"'],
  [{ PORT: '30.5' }, 'PORT is "30.5"'],
  [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL is "loud"'],
  [{ MEMORY_MB: '-1' }, 'MEMORY_MB is "-1"'],
])('%o is refused by name, without repeating a secret', (change, message) => {
  const read = () => readSettings({ ...env, ...change });
  expect(read).toThrow(expect.objectContaining({ code: 'E_CONFIG', message: expect.stringContaining(message) }));
  expect(read).not.toThrow(/secret/);
});
