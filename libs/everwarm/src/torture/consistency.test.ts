import { expect, test } from 'vitest';
import { consistency } from './consistency.ts';

test('no violation in N checks is 1 − 3/N', () => {
  expect(consistency(3_000_000, 0)).toBeCloseTo(0.999999, 12);
  expect(consistency(300, 0)).toBeCloseTo(0.99, 12);
});

test('every violation counts for more than itself', () => {
  // The upper bounds of 1, 2 and 10 are 4.74, 6.30 and 16.96.
  expect(consistency(1000, 1)).toBeCloseTo(1 - 0.00474, 4);
  expect(consistency(1000, 2)).toBeCloseTo(1 - 0.0063, 4);
  expect(consistency(1000, 10)).toBeCloseTo(1 - 0.01696, 4);
});

test('who checked nothing, or found nothing right, knows nothing', () => {
  expect([consistency(0, 0), consistency(2, 0), consistency(10, 10)]).toEqual([0, 0, 0]);
});
