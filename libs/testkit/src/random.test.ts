import { describe, expect, test } from 'vitest';
import { createRandom, seededRandom } from './random.ts';

const draw = (seed: number, count: number) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.next());
};

describe('createRandom', () => {
  test('gives the same numbers for the same seed, and others for another', () => {
    expect(draw(7, 100)).toEqual(draw(7, 100));
    expect(draw(7, 100)).not.toEqual(draw(8, 100));
  });

  test('gives these numbers on every machine', () => {
    expect(draw(1, 3).map((value) => Math.floor(value * 2 ** 32))).toEqual([2693262067, 11749833, 2265367787]);
  });

  test('stays within its bounds and reaches both ends', () => {
    const random = createRandom(3);
    const drawn = Array.from({ length: 1_000 }, () => random.integer(2, 5));
    expect([...new Set(drawn)].sort((a, b) => a - b)).toEqual([2, 3, 4, 5]);
  });

  test('shuffles without losing or doubling', () => {
    const items = Array.from({ length: 50 }, (_, index) => index);
    const shuffled = createRandom(4).shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(items);
  });

  test('forks into a stream that further draws from its parent do not change', () => {
    const [first, second] = [createRandom(9), createRandom(9)];
    const [fork, same] = [first.fork(), second.fork()];
    first.next();
    expect(fork.next()).toBe(same.next());
  });

  test('refuses to pick from nothing', () => {
    expect(() => createRandom(1).pick([])).toThrow(RangeError);
  });
});

describe('seededRandom', () => {
  test('takes the seed from the environment', () => {
    expect(seededRandom('test', { EVERWARM_SEED: '7' }).next()).toBe(draw(7, 1)[0]);
  });

  test.each(['x', '-1', '1.5', '4294967296'])('refuses EVERWARM_SEED=%s', (value) => {
    expect(() => seededRandom('test', { EVERWARM_SEED: value })).toThrow(/EVERWARM_SEED/);
  });
});
