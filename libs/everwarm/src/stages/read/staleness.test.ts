import { expect, test } from 'vitest';
import { Staleness } from './staleness.ts';

/** A Postgres that tells these lags, and of which keys it owes something; remembers what it was asked. */
function openPostgres(lags: Readonly<Record<number, number>>, owing: readonly (string | null)[] = []) {
  const asked: string[] = [];
  const state = { isAway: false };
  const staleness = new Staleness({
    lags: async () => {
      asked.push('lags');
      if (state.isAway) throw new Error('away');
      return new Map(Object.entries(lags).map(([id, lag]) => [Number(id), lag]));
    },
    debts: async (generation, keys, olderThanMs) => {
      asked.push(`${keys.join()} of ${generation}, ${olderThanMs} ms`);
      return keys.map((key) => owing.includes(key));
    },
  });
  return { staleness, asked, state };
}

const hour = 3_600_000;

test('while the stores are as fresh as is wanted, one look serves all keys', async () => {
  const { staleness, asked } = openPostgres({ 1: 20, 2: 0 });
  expect(await staleness.owed(1, ['a', 'b'], hour)).toEqual([false, false]);
  expect(await staleness.owed(2, [null], hour)).toEqual([false]);
  expect(asked).toEqual(['lags']);
});

test('where they may be older, Postgres says which keys are', async () => {
  const { staleness, asked } = openPostgres({ 1: 2 * hour }, ['b']);
  expect(await staleness.owed(1, ['a', 'b'], hour)).toEqual([false, true]);
  expect(asked).toEqual(['lags', `a,b of 1, ${hour} ms`]);
});

test('of a generation that no look told of, and of one that nobody can tell of, nothing is taken for fresh', async () => {
  const { staleness, asked } = openPostgres({ 1: Number.POSITIVE_INFINITY }, ['a']);
  expect(await staleness.owed(1, ['a'], hour)).toEqual([true]);
  expect(await staleness.owed(7, ['a'], hour)).toEqual([true]);
  expect(asked.filter((what) => what !== 'lags')).toHaveLength(2);
});

test('readers that ask at once share a look; a Postgres that is away is an error for those who must ask it', async () => {
  const { staleness, asked, state } = openPostgres({ 1: 0 });
  await Promise.all([staleness.owed(1, ['a'], hour), staleness.owed(1, ['b'], hour)]);
  expect(asked).toEqual(['lags']);
  state.isAway = true;
  expect(await staleness.owed(1, ['a'], hour)).toEqual([false]);
  await expect(staleness.owed(1, ['a'], 0)).rejects.toThrow('away');
});
