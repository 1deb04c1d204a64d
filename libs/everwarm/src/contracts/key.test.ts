import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyColumn } from './compiled.ts';
import { EverwarmError } from './errors.ts';
import { encodeKey, type KeyInput, type KeyType, keyText, maxKeyLength } from './key.ts';

const column = (type: KeyType, property = 'id', labels?: readonly string[]): KeyColumn => ({
  name: property,
  property,
  type,
  ...(labels && { labels }),
});
const encode = (type: KeyType, key: unknown) => encodeKey('m', [column(type)], key as KeyInput);

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof EverwarmError && error.code === 'E_KEY' && error.context['model'] === 'm') return error.message;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('the key of one column', () => {
  it.each<[KeyType, unknown, string]>([
    ['integer', 42, '42'],
    ['integer', '42', '42'],
    ['integer', 42n, '42'],
    ['integer', -0, '0'],
    ['integer', 2147483647, '2147483647'],
    ['integer', -2147483648, '-2147483648'],
    ['bigint', 2n ** 63n - 1n, '9223372036854775807'],
    ['bigint', -(2n ** 63n), '-9223372036854775808'],
    ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['text', '', ''],
    ['text', 'a "b" \\ é 🐘\n', 'a "b" \\ é 🐘\n'],
    ['text', 7, '7'],
    ['date', '2024-02-29', '2024-02-29'],
    ['date', '2000-02-29', '2000-02-29'],
    ['date', '12024-01-01', '12024-01-01'],
    ['date', '0044-03-15 BC', '0044-03-15 BC'],
    ['date', '0001-02-29 BC', '0001-02-29 BC'],
    ['date', 'infinity', 'infinity'],
    ['date', '-infinity', '-infinity'],
  ])('%s %s is the text that Postgres prints', (type, key, text) => {
    expect(encode(type, key)).toBe(text);
    expect(encode(type, { id: key })).toBe(text);
  });

  it.each<[KeyType, unknown, RegExp]>([
    ['integer', '042', /a whole number/],
    ['integer', '-0', /a whole number/],
    ['integer', ' 1', /a whole number/],
    ['integer', '1\n', /a whole number/],
    ['integer', '1e3', /a whole number/],
    ['integer', 1.5, /a whole number/],
    ['integer', Number.NaN, /a whole number/],
    ['integer', '', /a whole number/],
    ['integer', 2147483648, /out of the range of integer/],
    ['integer', -2147483649, /out of the range of integer/],
    ['bigint', 2n ** 63n, /out of the range of bigint/],
    ['bigint', '99999999999999999999', /a whole number/],
    ['uuid', 'a0eebc999c0b4ef8bb6d6bb9bd380a11', /a lower-case uuid/],
    ['uuid', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', /a lower-case uuid/],
    ['text', 'a\u0000b', /well-formed text without null/],
    ['text', '\ud800', /well-formed text without null/],
    ['date', '2024-2-9', /YYYY-MM-DD/],
    ['date', '2023-02-29', /no calendar has/],
    ['date', '1900-02-29', /no calendar has/],
    ['date', '2024-13-01', /no calendar has/],
    ['date', '2024-00-10', /no calendar has/],
    ['date', '0000-01-01', /no calendar has/],
    ['date', '9999999-01-01', /no calendar has/],
    ['date', 'now', /YYYY-MM-DD/],
    ['integer', null, /lacks id/],
    ['integer', undefined, /lacks id/],
    ['integer', true, /lacks id/],
    ['text', {}, /lacks id/],
    ['integer', { other: 1 }, /lacks id/],
  ])('%s %s is refused, before Postgres would refuse the whole statement', (type, key, why) => {
    expect(refusal(() => encode(type, key))).toMatch(why);
  });

  it('of an enum is one of its labels', () => {
    const status = column('text', 'status', ['new', 'a "b"']);
    expect(keyText('m', status, 'a "b"')).toBe('a "b"');
    expect(refusal(() => keyText('m', status, 'old'))).toBe('The key for m has status = "old", which is not one of "new", "a \\"b\\"".');
  });

  it('is shown shortened in a message, and refused beyond a length', () => {
    expect(refusal(() => encode('integer', 'x'.repeat(500)))).toContain(`"${'x'.repeat(40)}…"`);
    expect(encode('text', 'x'.repeat(maxKeyLength))).toHaveLength(maxKeyLength);
    expect(refusal(() => encode('text', 'x'.repeat(maxKeyLength + 1)))).toContain('longer than 1024');
    // As a list's partition is made.
    expect(refusal(() => keyText('m', column('text'), 'x'.repeat(maxKeyLength + 1)))).toContain('longer than 1024');
  });
});

describe('the key of several columns', () => {
  const columns = [column('text', 'hall'), column('integer', 'no')];

  it('is a JSON array of texts in the order of the key, whatever the order of the object', () => {
    expect(encodeKey('m', columns, { no: 1, hall: 'a' })).toBe('["a","1"]');
    expect(encodeKey('m', columns, { hall: 'a', no: 1 })).toBe('["a","1"]');
  });

  it('needs every column and no scalar', () => {
    expect(refusal(() => encodeKey('m', columns, { hall: 'a' }))).toContain('lacks no');
    expect(refusal(() => encodeKey('m', columns, 'a'))).toContain('lacks hall');
  });

  // The other side of the wire is to_json(text)::text, whose escapes are these and no others.
  it('escapes as Postgres does', () => {
    const text = '\b\f\n\r\t\u0001\u001f\u007f"\\/é🐘\u2028\u2029';
    expect(encodeKey('m', columns, { hall: text, no: -5 })).toBe('["\\b\\f\\n\\r\\t\\u0001\\u001f\u007f\\"\\\\/é🐘\u2028\u2029","-5"]');
  });

  it('tells different keys apart, and reads back as its texts', () => {
    const text = fc.string({ unit: fc.constantFrom('"', ',', '\\', '[', ']', 'a', ' '), maxLength: 6 });
    const two = [column('text', 'a'), column('text', 'b')];
    fc.assert(
      fc.property(text, text, text, text, (a, b, c, d) => {
        const [left, right] = [encodeKey('m', two, { a, b }), encodeKey('m', two, { a: c, b: d })];
        expect(JSON.parse(left)).toEqual([a, b]);
        expect(left === right).toBe(a === c && b === d);
      }),
    );
  });
});
