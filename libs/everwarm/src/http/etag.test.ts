import { expect, test } from 'vitest';
import { digestOf, namedTag, tagOf } from './etag.ts';

test.each([
  ['"a"', '"a"'],
  ['*', '"a"'],
  ['W/"a"', '"a"'],
  ['"b", "a"', '"a"'],
  ['"b",W/"a-gzip"', '"a-gzip"'],
  ['"a-br"', '"a-br"'],
  ['"a-deflate"', null],
  ['"b"', null],
  ['a', null],
  ['"ab"', null],
  ['', null],
  [',,,', null],
])('If-None-Match: %s names %s', (header, tag) => {
  expect(namedTag(header, 'a')).toBe(tag);
});

test('bytes have one strong tag, and encoded ones another', () => {
  expect(digestOf(Buffer.from('x'))).toBe(digestOf('x'));
  expect(digestOf('x')).not.toBe(digestOf('y'));
  expect(tagOf(digestOf(''))).toMatch(/^"[\w-]+"$/);
  expect(tagOf('a', 'br')).toBe('"a-br"');
});
