import { expect, test } from 'vitest';
import { countFor, volumesFor } from './volumes.ts';

test('comments add up to the mean, and most posts have few', () => {
  const posts = 5_000;
  const counts = Array.from({ length: posts }, (_, index) => countFor(index, posts, 6, 0.5)).sort((a, b) => b - a);
  const total = counts.reduce((sum, count) => sum + count, 0);
  expect(total / posts).toBeGreaterThan(5);
  expect(total / posts).toBeLessThan(7);
  expect(counts[0]! / counts[1]!).toBeCloseTo(2, 1);
  expect(counts[posts / 2]).toBeLessThan(3);
});

test('the smallest community has what its posts need', () => {
  expect(volumesFor(1)).toEqual({ posts: 1, users: 20, categories: 5, tags: 20 });
  expect(countFor(0, 1, 6, 0)).toBe(6);
});
