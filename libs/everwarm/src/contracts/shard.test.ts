import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shardCount } from './names.ts';
import { shardOf } from './shard.ts';

describe('the shard of a key', () => {
  it('is a whole number below the number of shards, always the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => {
        const shard = shardOf(key);
        expect(Number.isInteger(shard) && shard >= 0 && shard < shardCount).toBe(true);
        expect(shardOf(key)).toBe(shard);
      }),
    );
  });

  // Locks of a running deployment are taken by old and new code alike: these numbers must never change. The first three are the published ones.
  it.each([
    ['', 0x811c9dc5 % shardCount],
    ['a', 0xe40c292c % shardCount],
    ['foobar', 0xbf9cf968 % shardCount],
    ['["a","1"]', 69],
    ['🐘', 848],
  ])('of %j is %i for good', (key, shard) => {
    expect(shardOf(key)).toBe(shard);
  });

  it('is one for sixteen whole numbers in a row, and for no text that only looks like one', () => {
    expect(new Set(Array.from({ length: 16 }, (_, index) => shardOf(String(160 + index)))).size).toBe(1);
    expect(shardOf('176')).not.toBe(shardOf('175'));
    expect(shardOf('160x')).not.toBe(shardOf('161x'));
  });

  it.each<[string, (index: number) => string]>([
    ['blocks of numbers', (index) => String(index * 16)],
    ['uuids', (index) => `${index.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`],
    ['composite keys', (index) => JSON.stringify([String(index % 100), String(Math.floor(index / 100))])],
  ])('spreads consecutive %s evenly', (_, key) => {
    const counts = Array.from({ length: shardCount }, () => 0);
    for (let index = 0; index < shardCount * 100; index++) counts[shardOf(key(index))]! += 1;
    expect(Math.max(...counts)).toBeLessThan(200);
    expect(Math.min(...counts)).toBeGreaterThan(30);
  });
});
