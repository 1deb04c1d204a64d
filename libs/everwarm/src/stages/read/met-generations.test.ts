import { expect, test } from 'vitest';
import type { TokenState } from '#contracts/token-look.ts';
import { MetGenerations } from './met-generations.ts';

const epoch = '0a1b2c3d';
const commit = (xid: number, of = epoch) => [{ epoch: of, xid: BigInt(xid) }];

/** Takes one look's answer about generation 1, after another generation's. */
function look(met: MetGenerations, state: TokenState, delivered: string, mark: number, of = epoch): void {
  const found = [
    { state: 'met' as const, delivered: true },
    { state, delivered: state !== 'open' },
  ];
  met.learn([1], { epoch: of, mark: String(mark), delivered, found }, 1);
}

test('nothing is known at first; where nothing is owed, all that is delivered is written', () => {
  const met = new MetGenerations();
  expect(met.has(1, commit(3))).toBe(false);
  expect(met.questions([1])).toEqual([{ generation: 1, key: null, commits: [], mark: null }]);
  look(met, 'met', '10:20:10,15', 7);
  // The transactions that were open then, and those that came later, are not.
  const known = [3, 9, 10, 11, 15, 19, 20].map((xid) => met.has(1, commit(xid)));
  expect(known).toEqual([true, true, false, true, false, true, false]);
  expect(met.has(1, [...commit(9), ...commit(25)])).toBe(false);
  expect(met.has(2, commit(9))).toBe(false);
});

test('under load, what one look found delivered is written when nothing of then is owed any more', () => {
  const met = new MetGenerations();
  look(met, 'behind', '10:10:', 7);
  look(met, 'behind', '20:20:', 8);
  expect(met.questions([1])[0]!.mark).toBe('7');
  expect(met.has(1, commit(5))).toBe(false);
  look(met, 'met', '30:30:', 9);
  expect([met.has(1, commit(5)), met.has(1, commit(15))]).toEqual([true, false]);
  expect(met.questions([1])[0]!.mark).toBe('9');
  look(met, 'met', '40:40:', 11);
  expect([met.has(1, commit(25)), met.has(1, commit(35))]).toEqual([true, false]);
});

test('where keys may be owed that nobody has written down, it begins anew, and what was written stays so', () => {
  const met = new MetGenerations();
  look(met, 'met', '10:10:', 7);
  look(met, 'apart', '20:20:', 8);
  expect(met.questions([1])[0]!.mark).toBeNull();
  // Found after it, and only from here on.
  look(met, 'behind', '30:30:', 9);
  expect([met.has(1, commit(5)), met.has(1, commit(15))]).toEqual([true, false]);
  look(met, 'met', '40:40:', 10);
  expect([met.has(1, commit(25)), met.has(1, commit(35))]).toEqual([true, false]);
});

test('another epoch forgets all, and no token of one is met in the other', () => {
  const met = new MetGenerations();
  look(met, 'met', '10:10:', 7);
  expect(met.has(1, commit(5, 'ffffffff'))).toBe(false);
  look(met, 'behind', '10:10:', 8, 'ffffffff');
  expect([met.has(1, commit(5)), met.has(1, commit(5, 'ffffffff'))]).toEqual([false, false]);
});
