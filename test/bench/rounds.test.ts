import { expect, test } from 'vitest';
import { inTurns, median, medianOf, percentile } from './rounds.ts';

test('sides take turns, and the order turns around with every round', async () => {
  const order: string[] = [];
  const side = (name: string) => ({ name, measure: async (round: number) => ({ order: order.push(`${name}${round}`) }) });
  const measured = await inTurns(3, [side('a'), side('b')]);
  expect(order).toEqual(['a1', 'b1', 'b2', 'a2', 'a3', 'b3']);
  expect(medianOf(measured.get('a'), 'order')).toBe(4);
});

test('a number that a round lacks is an error that names it', () => {
  expect(() => medianOf([{ p50: 1 }], 'p99')).toThrow('"p99"');
});

test('median and percentiles', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(hundred, 0.5)).toBe(50);
  expect(percentile(hundred, 0.99)).toBe(99);
  expect(percentile([7], 0.99)).toBe(7);
  expect(() => percentile([], 0.5)).toThrow('nothing was measured');
});
