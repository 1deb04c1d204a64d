import { expect, test } from 'vitest';
import { isNamedBy, tagOfBytes } from './etag.ts';

test.each([
  ['"a"', true],
  ['*', true],
  ['W/"a"', true],
  ['"b", "a"', true],
  ['"b",W/"a"', true],
  ['"b"', false],
  ['a', false],
  ['"ab"', false],
  ['', false],
])('If-None-Match: %s', (header, expected) => {
  expect(isNamedBy(header, '"a"')).toBe(expected);
});

test('bytes have one strong tag', () => {
  expect(tagOfBytes(Buffer.from('x'))).toBe(tagOfBytes(Buffer.from('x')));
  expect(tagOfBytes(Buffer.from('x'))).not.toBe(tagOfBytes(Buffer.from('y')));
  expect(tagOfBytes(Buffer.from(''))).toMatch(/^"[\w-]+"$/);
});
