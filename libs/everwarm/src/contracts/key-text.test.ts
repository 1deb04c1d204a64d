import { describe, expect, it } from 'vitest';
import type { KeyColumn } from './compiled.ts';
import { encodeKey } from './key.ts';
import { keyOfText } from './key-text.ts';

const one: KeyColumn[] = [{ name: 'id', property: 'id', type: 'integer' }];
const two: KeyColumn[] = [
  { name: 'Region', property: 'region', type: 'text' },
  { name: 'no', property: 'no', type: 'bigint' },
];
const text = (columns: readonly KeyColumn[], typed: string) => encodeKey('m', columns, keyOfText('m', columns, typed));

describe('a key as a person types it', () => {
  it('is the value for one column, and JSON for several', () => {
    expect(text(one, '42')).toBe('42');
    for (const typed of ['["a\\"b", 7]', '["a\\"b","7"]', '{"no": 7, "region": "a\\"b"}']) expect(text(two, typed)).toBe('["a\\"b","7"]');
  });

  it.each(['north', '["north"]', '["north", 1, 2]', 'null', '7', '{"region": "north"}', '["north", "x"]', '["north", null]'])(
    '%s is none of two columns',
    (typed) => {
      expect(() => text(two, typed)).toThrow(expect.objectContaining({ code: 'E_KEY' }));
    },
  );

  it('says how to write one', () => {
    expect(() => text(two, 'north')).toThrow('The key for m must be a JSON array of region, no, in this order.');
  });
});
