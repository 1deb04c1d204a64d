import { expect, test } from 'vitest';
import type { Generation } from '#contracts/compiled.ts';
import { ReadStats } from './read-stats.ts';

const generation = (id: number, name: string) => ({ id, name }) as Generation;
const post = generation(1, 'post');
const none = { hits: 0, misses: 0, stale: 0, waits: 0, errors: 0 };

test('each tier of each read model has figures of its own', () => {
  const stats = new ReadStats();
  stats.miss(post, 'memory');
  stats.hit(post, 'redis', performance.now(), 3);
  stats.miss(post, 'redis', 2);
  stats.hit(post, 'postgres', performance.now(), 0);
  stats.stale(post, 'redis');
  stats.wait(post, 'source');
  stats.error(generation(2, 'card'), 'postgres');
  const { models } = stats.read();
  expect(Object.keys(models).toSorted()).toEqual(['card', 'post']);
  expect(models['post']).toMatchObject({
    memory: { ...none, misses: 1 },
    redis: { ...none, hits: 3, misses: 2, stale: 1 },
    postgres: none,
    source: { ...none, waits: 1 },
  });
  expect(models['card']).toMatchObject({ memory: none, redis: none, postgres: { ...none, errors: 1 }, source: none });
});

test('generations of one read model count together', () => {
  const stats = new ReadStats();
  stats.hit(post, 'redis', performance.now());
  stats.hit(generation(7, 'post'), 'redis', performance.now());
  expect(stats.read().models['post']?.redis).toMatchObject({ hits: 2, timings: { count: 2 } });
});

test('of reads that ask whether they are to be timed every eighth is; all are counted', () => {
  const stats = new ReadStats();
  for (let read = 0; read < 40; read++) stats.hit(post, 'redis', stats.timed() ? performance.now() : 0);
  expect(stats.read().models['post']?.redis).toMatchObject({ hits: 40, timings: { count: 5 } });
});

test.each([0, 0.5, 3, 700, 16_000, 17_000, 90 * 60_000])('an answer that took %d ms or little more is in the bucket of its time', (age) => {
  const stats = new ReadStats();
  stats.hit(post, 'redis', performance.now() - age, 20);
  const { count, sumMs, buckets } = stats.read().models['post']!.redis.timings;
  const index = buckets.findIndex((bucket) => bucket.count > 0);
  const { leMs } = buckets[index]!;
  expect([count, buckets[index]?.count]).toEqual([1, 1]);
  expect(sumMs).toBeGreaterThanOrEqual(age);
  expect(sumMs).toBeGreaterThanOrEqual(buckets[index - 1]?.leMs ?? 0);
  expect(sumMs).toBeLessThanOrEqual(leMs ?? Number.POSITIVE_INFINITY);
  expect(index === buckets.length - 1, 'only the last bucket has no end').toBe(leMs === null);
});

test('a question is counted by what came of it', async () => {
  const stats = new ReadStats();
  const found = { keys: 3, found: ({ length }: readonly string[]) => length };
  expect(await stats.asking(post, 'postgres', Promise.resolve(['a', 'b']), found)).toEqual(['a', 'b']);
  await expect(stats.asking(post, 'postgres', Promise.reject(new Error('away')), found)).rejects.toThrow('away');
  expect(stats.read().models['post']?.postgres).toMatchObject({ ...none, hits: 2, misses: 1, errors: 1, timings: { count: 1 } });
});
