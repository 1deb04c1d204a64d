import { expect, test } from 'vitest';
import { encodeToken } from '#contracts/token.ts';
import type { Awaited, TokenLook, TokenState } from '#contracts/token-look.ts';
import { freshnessOf } from './read-options.ts';
import { TokenWatch } from './token-watch.ts';

const epoch = '0a1b2c3d';
const commits = [{ epoch, xid: 10n }];
const long = { timeoutMs: 60_000, patient: true, sure: false };

/** A Postgres that says of each key what is next for it, and for ever the last; remembers what it was asked. */
function openPostgres(says: Readonly<Record<string, readonly TokenState[]>>) {
  const looks: (readonly Awaited[])[] = [];
  const asked = new Map<string | null, number>();
  const watch = new TokenWatch(async (awaited) => {
    looks.push(awaited.filter(({ commits: named }) => named.length > 0));
    const found = awaited.map(({ key, commits: named }) => {
      // What is asked about a whole generation on the way.
      if (named.length === 0) return { state: 'apart' as const, delivered: true };
      const states = says[String(key)]!;
      const times = asked.get(key) ?? 0;
      asked.set(key, times + 1);
      const state = states[Math.min(times, states.length - 1)]!;
      return { state, delivered: state !== 'open' };
    });
    return { epoch, mark: String(looks.length), delivered: '5:5:', found };
  });
  return { watch, looks };
}

test('each of the keys is waited for by itself, all in one look at a time', async () => {
  const { watch, looks } = openPostgres({ a: ['met'], b: ['behind', 'behind', 'met'], c: ['behind', 'apart'] });
  expect(await watch.wait(1, ['a', 'b', 'c'], commits, long)).toEqual(['met', 'met', 'apart']);
  expect(looks.map((awaited) => awaited.map(({ key }) => key).join(''))).toEqual(['abc', 'bc', 'b']);
});

test('readers that come together are looked for together', async () => {
  const { watch, looks } = openPostgres({ a: ['behind', 'met'], b: ['behind', 'met'] });
  const both = await Promise.all([watch.wait(1, ['a'], commits, long), watch.wait(1, ['b'], commits, long)]);
  expect(both).toEqual([['met'], ['met']]);
  expect(looks.some((awaited) => awaited.length === 2)).toBe(true);
});

test('of a list, what may be owed is what was owed at the first look that found the commit delivered', async () => {
  const { watch, looks } = openPostgres({ null: ['open', 'behind', 'behind', 'met'] });
  await watch.wait(1, [null], commits, long);
  expect(looks.map(([awaited]) => awaited!.mark)).toEqual([null, null, '2', '2']);
});

test('who is not patient takes what the first look finds, but waits for the end of a transaction', async () => {
  const { watch, looks } = openPostgres({ a: ['behind'], b: ['open', 'open', 'behind'], c: ['met'] });
  expect(await watch.wait(1, ['a', 'c'], commits, { ...long, patient: false })).toEqual(['late', 'met']);
  expect(looks).toHaveLength(1);
  expect(await watch.wait(1, ['b'], commits, { ...long, patient: false })).toEqual(['late']);
  const { watch: another } = openPostgres({ b: ['open'] });
  expect(await another.wait(1, ['b'], commits, { timeoutMs: 5, patient: false, sure: true })).toEqual(['open']);
});

test('what is not met in time is late, also when nobody answers, and then nobody is looked for any more', async () => {
  const { watch, looks } = openPostgres({ a: ['behind'], b: ['open'] });
  expect(await watch.wait(1, ['a', 'b'], commits, { ...long, timeoutMs: 5 })).toEqual(['late', 'open']);
  const silent = new TokenWatch(() => new Promise(() => undefined));
  expect(await silent.wait(1, ['a'], commits, { ...long, timeoutMs: 5 })).toEqual(['late']);
  const before = looks.length;
  await watch.wait(1, ['b'], commits, { ...long, timeoutMs: 5, patient: false });
  expect(
    looks
      .slice(before)
      .flat()
      .every(({ key }) => key === 'b'),
  ).toBe(true);
});

test('who wants to be sure hears of the first look, and no second one when the time is over', async () => {
  let answer: (look: TokenLook) => void = () => undefined;
  const watch = new TokenWatch(() => new Promise((resolve) => (answer = resolve)));
  const waiting = watch.wait(1, ['a'], commits, { timeoutMs: 1, patient: true, sure: true });
  // An unsure one that came later has its verdict before.
  expect(await watch.wait(1, ['b'], commits, { ...long, timeoutMs: 5 })).toEqual(['late']);
  answer({ epoch, mark: '1', delivered: '5:5:', found: [{ state: 'open', delivered: false }] });
  expect(await waiting).toEqual(['open']);
});

test('a database in another epoch, or one that does not answer, is an error for those who wait, and for nobody later', async () => {
  const { watch } = openPostgres({ a: ['met'] });
  await expect(watch.wait(1, ['a'], [{ epoch: 'ffffffff', xid: 10n }], long)).rejects.toMatchObject({ code: 'E_TOKEN' });
  expect(await watch.wait(1, ['a'], commits, long)).toEqual(['met']);
  let isAway = true;
  const flaky = new TokenWatch(async (awaited) => {
    if (isAway) throw new Error('away');
    return { epoch, mark: '1', delivered: '5:5:', found: awaited.map(() => ({ state: 'met' as const, delivered: true })) };
  });
  await expect(flaky.wait(1, ['a', 'b'], commits, long)).rejects.toThrow('away');
  isAway = false;
  expect(await flaky.wait(1, ['a'], commits, long)).toEqual(['met']);
});

test('options are checked before anybody is asked', () => {
  const token = encodeToken(commits[0]!);
  expect(freshnessOf(undefined)).toBeNull();
  expect(freshnessOf({ timeoutMs: 5, onTimeout: 'stale' })).toBeNull();
  expect(freshnessOf({ after: [] })).toBeNull();
  expect(freshnessOf({ after: token, maxStaleness: '2s' })).toEqual({
    commits,
    timeoutMs: 1000,
    onTimeout: 'source',
    maxStalenessMs: 2000,
  });
  expect(() => freshnessOf({ after: 'x' })).toThrow(expect.objectContaining({ code: 'E_TOKEN' }));
  expect(() => freshnessOf({ after: Array(17).fill(token) })).toThrow(/17 tokens/);
  expect(() => freshnessOf({ after: token, onTimeout: 'never' as 'stale' })).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  expect(() => freshnessOf({ maxStaleness: 'soon' })).toThrow(/maxStaleness/);
});
