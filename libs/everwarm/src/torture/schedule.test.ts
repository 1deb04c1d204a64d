import { expect, it } from 'vitest';
import { createRandom } from './random.ts';
import { collide, rounds } from './schedule.ts';
import type { Fault, Grip } from './types.ts';

const fault = (name: string, ...grips: Grip[]): Fault => ({
  name,
  needs: [],
  grips,
  lasts: [10, 20],
  quick: true,
  inject: async () => async () => undefined,
});
const faults = [fault('a', 'workers'), fault('b', 'workers'), fault('c', 'redis'), fault('d', 'postgres'), fault('e', 'writers')];

function first(count: number, seed: number) {
  const drawn = [];
  for (const round of rounds(faults, createRandom(seed))) {
    drawn.push(round);
    if (drawn.length === count) return drawn;
  }
  return drawn;
}

it('gives every fault its turn in each deck, some of them overlapping', () => {
  const drawn = first(40, 1);
  const names = drawn.flatMap((round) => round.map((turn) => turn.fault.name));
  for (let deck = 0; deck < 5; deck++) expect(names.slice(deck * 5, deck * 5 + 5).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(drawn.some((round) => round.length === 2)).toBe(true);
});

it('never lets two faults overlap that take the same', () => {
  const pairs = first(200, 2).filter((round) => round.length === 2);
  expect(pairs.filter(([one, other]) => collide(one!.fault, other!.fault))).toEqual([]);
});

it('is decided by its seed', () => {
  const told = (seed: number) => first(20, seed).map((round) => round.map((turn) => [turn.fault.name, turn.afterMs, turn.lastsMs]));
  expect(told(3)).toEqual(told(3));
  expect(told(3)).not.toEqual(told(4));
});
