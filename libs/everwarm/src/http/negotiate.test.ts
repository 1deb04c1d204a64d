import { expect, test } from 'vitest';
import { negotiate } from './negotiate.ts';

test.each([
  [undefined, null],
  ['', null],
  ['identity', null],
  ['deflate', null],
  ['gzip', 'gzip'],
  ['br', 'br'],
  ['gzip, deflate, br, zstd', 'br'],
  ['GZIP;q=1.0', 'gzip'],
  ['gzip;q=0.8, br;q=0.2', 'gzip'],
  ['gzip;q=0, br;q=0', null],
  ['br;q=0, *', 'gzip'],
  ['*', 'br'],
  ['*;q=0', null],
  ['identity, gzip;q=0.5', null],
  ['gzip;q=none', null],
  ['brotli', null],
] as const)('Accept-Encoding: %s', (header, encoding) => {
  expect(negotiate(header)).toBe(encoding);
  expect(negotiate(header)).toBe(encoding);
});
