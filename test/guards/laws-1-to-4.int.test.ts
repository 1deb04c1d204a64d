import { expect, test } from 'vitest';
import { guards } from './guards.ts';
import { takeAway } from './take-away.ts';

test('every law has a guard that can be taken away', () => {
  expect([...new Set(guards.map(({ law }) => law))].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

takeAway(guards.filter(({ law }) => law <= 4));
