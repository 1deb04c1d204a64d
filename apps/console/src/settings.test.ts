import { expect, test } from 'vitest';
import { readSettings } from './settings.ts';

const env = { REDIS_URL: 'redis://cache' };

test('a token is made up when none is set', () => {
  const { token, isTokenNew } = readSettings(env);
  expect(isTokenNew).toBe(true);
  expect(token).toMatch(/^[\w-]{24}$/);
  expect(readSettings({ ...env, EVERWARM_CONSOLE_TOKEN: '' }).token).not.toBe(token);
  expect(readSettings({ ...env, EVERWARM_CONSOLE_TOKEN: 'known' })).toMatchObject({ token: 'known', isTokenNew: false });
});

test('only this machine is served unless told otherwise, and what is wrong is named', () => {
  expect(readSettings(env)).toMatchObject({ host: '127.0.0.1', port: 3001 });
  expect(() => readSettings({})).toThrow('REDIS_URL is not set');
  expect(() => readSettings({ REDIS_URL: 'cache' })).toThrow('REDIS_URL is not a redis:// URL');
  expect(() => readSettings({ ...env, PORT: 'http' })).toThrow('PORT is "http"');
});
