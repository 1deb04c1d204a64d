import { expect, test } from 'vitest';
import { readSettings } from './settings.ts';

const env = { DATABASE_URL: 'postgres://db/blog', REDIS_URL: 'redis://cache' };

test('what is not set has a default, or is refused by name', () => {
  expect(readSettings(env)).toEqual({ databaseUrl: env.DATABASE_URL, redisUrl: env.REDIS_URL, logLevel: 'warn' });
  expect(() => readSettings({ ...env, DATABASE_URL: '' })).toThrow('DATABASE_URL is not set');
  expect(() => readSettings({ ...env, REDIS_URL: undefined })).toThrow('REDIS_URL is not set');
  expect(() => readSettings({ ...env, LOG_LEVEL: 'loud' })).toThrow('LOG_LEVEL is "loud"');
});
