import type { Random } from './types.ts';

/** A stream of numbers that its seed decides. The generator is mulberry32 by Tommy Ettinger (public domain). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const shuffle = <Item>(items: readonly Item[]) => {
    const order = [...items];
    for (let last = order.length - 1; last > 0; last--) {
      const other = integer(0, last);
      [order[last], order[other]] = [order[other]!, order[last]!];
    }
    return order;
  };
  return {
    next,
    integer,
    shuffle,
    chance: (share) => next() < share,
    pick: (items) => items[integer(0, items.length - 1)]!,
    fork: () => createRandom(Math.floor(next() * 2 ** 32)),
  };
}
