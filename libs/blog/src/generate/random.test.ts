import { expect, test } from 'vitest';
import { randomOf } from './random.ts';

test('a thing has the same numbers whenever it is drawn', () => {
  const draw = (seed: number, index: number) => {
    const random = randomOf(seed, 'post', index);
    return [random.unit(), random.below(100), random.rank(50)];
  };
  expect(draw(1, 7)).toEqual(draw(1, 7));
  expect(draw(1, 7)).not.toEqual(draw(1, 8));
  expect(draw(1, 7)).not.toEqual(draw(2, 7));
});

test('ranks follow 1 / k', () => {
  const counts = Array.from({ length: 100 }, () => 0);
  const random = randomOf(1, 'rank', 0);
  for (let i = 0; i < 100_000; i += 1) counts[random.rank(100)]! += 1;
  expect(counts.every((count) => count > 0)).toBe(true);
  const first = counts[0]!;
  expect(first / counts[9]!).toBeGreaterThan(6);
  expect(first / counts[9]!).toBeLessThan(14);
  expect(first / counts[49]!).toBeGreaterThan(30);
});
