import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskBits, maskOf, type Source } from './change.ts';

const columns = Array.from({ length: 70 }, (_, index) => `c${index}`);
const source: Source = { id: 1, table: { schema: 'public', name: 't' }, links: [], columns };

describe('the mask of columns', () => {
  it('has the bit of each column, by its place among the watched ones', () => {
    expect(maskOf(source, ['c0'])).toBe(1n);
    expect(maskOf(source, ['c2', 'c0'])).toBe(5n);
    expect(maskOf(source, [])).toBe(0n);
  });

  it('shares the last bit between all columns beyond it, and fits a signed bigint', () => {
    const last = 1n << BigInt(maskBits - 1);
    for (const name of ['c62', 'c63', 'c69']) expect(maskOf(source, [name])).toBe(last);
    expect(maskOf(source, columns)).toBe(2n ** 63n - 1n);
  });

  it('is every bit where a column is not watched: then any change may matter', () => {
    expect(maskOf(source, ['c1', 'unwatched'])).toBe(-1n);
  });

  it('of columns together is that of each, and meets that of a change exactly when they share a column', () => {
    const some = fc.subarray(columns.slice(0, 62));
    fc.assert(
      fc.property(some, some, (changed, watched) => {
        const shared = changed.some((name) => watched.includes(name));
        expect((maskOf(source, changed) & maskOf(source, watched)) !== 0n).toBe(shared);
        expect(maskOf(source, changed) | maskOf(source, watched)).toBe(maskOf(source, [...changed, ...watched]));
      }),
    );
  });

  it('meets a whole row that came or went, whatever is watched', () => {
    fc.assert(fc.property(fc.subarray(columns, { minLength: 1 }), (watched) => (-1n & maskOf(source, watched)) !== 0n));
  });
});
