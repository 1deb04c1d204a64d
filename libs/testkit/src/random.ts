/** A stream of numbers that its seed decides: the same seed gives the same numbers on every machine and version. */
export type Random = {
  readonly seed: number;
  /** At least 0, below 1. */
  next(): number;
  /** A whole number, at least `low`, at most `high`. */
  integer(low: number, high: number): number;
  /** True in this share of the calls. */
  chance(share: number): boolean;
  /** One of them. @throws on an empty list */
  pick<Item>(items: readonly Item[]): Item;
  /** A copy in another order. */
  shuffle<Item>(items: readonly Item[]): Item[];
  /** A stream of its own, so that drawing more here changes nothing there. */
  fork(): Random;
};

/** The generator is mulberry32 by Tommy Ettinger (public domain): 32 bits of state are plenty for tests and it fits on a screen. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    seed: seed >>> 0,
    next,
    integer,
    chance: (share) => next() < share,
    pick(items) {
      if (items.length === 0) throw new RangeError('Nothing can be picked from an empty list.');
      return items[integer(0, items.length - 1)]!;
    },
    shuffle(items) {
      const order = [...items];
      for (let last = order.length - 1; last > 0; last--) {
        const other = integer(0, last);
        [order[last], order[other]] = [order[other]!, order[last]!];
      }
      return order;
    },
    fork: () => createRandom(Math.floor(next() * 2 ** 32)),
  };
}

/**
 * A random stream for a test: seeded by `EVERWARM_SEED` when that is set, else anew each time. Prints how to get the same stream again.
 * @throws when `EVERWARM_SEED` is not a whole number from 0 to 2^32 - 1
 */
export function seededRandom(what: string, env: Readonly<Record<string, string | undefined>> = process.env): Random {
  const given = env['EVERWARM_SEED'];
  const seed = given === undefined || given === '' ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new RangeError(`EVERWARM_SEED is "${given}": it must be a whole number below 2^32.`);
  console.log(`${what}: seed ${seed} (again with EVERWARM_SEED=${seed})`);
  return createRandom(seed);
}
