import { expect, test } from 'vitest';
import { ReadTally } from './read-tally.ts';
import { readAfterCommit } from './told-commit.ts';

/** What a reader tells of a commit of change 7 of a subject, whose document shows it as of `shown`, or not at all, or fails. */
async function told(shown: number | null | 'away', subject = 'vessel 1') {
  const tally = new ReadTally();
  const asked: string[][] = [];
  const client = {
    readAfter: async (...what: [model: string, key: string, token: string]) => {
      asked.push(what);
      if (shown === 'away') throw Object.assign(new Error('away'), { code: 'E_POSTGRES' });
      return shown === null ? null : { value: null, version: null, asOf: 5, tier: 'redis' };
    },
    claimsOf: () => [
      { subject: 'fleet 1', stamp: 1 },
      { subject: 'vessel 1', stamp: Number(shown) },
    ],
  };
  const documentOf = (of: string) => (of.startsWith('vessel ') ? { model: 'vessel_sheet', key: of.slice(7) } : null);
  await readAfterCommit({ type: 'committed', token: 'abc', stamps: [{ subject, stamp: 7 }] }, { client, documentOf, tally });
  const { reads, violations, failed } = tally.take();
  return { asked, reads, laws: violations.map(({ law }) => law), failed };
}

test('a document that shows less than the token of its reader names breaks a law; the change itself and a later one do not', async () => {
  expect(await told(6)).toEqual({ asked: [['vessel_sheet', '1', 'abc']], reads: 1, laws: [3], failed: {} });
  for (const shown of [7, 8, null]) expect(await told(shown)).toMatchObject({ reads: 1, laws: [] });
});

test('what no document is about is not asked for, and an error is no answer', async () => {
  expect(await told(6, 'convoy 1')).toMatchObject({ asked: [], reads: 0, laws: [] });
  expect(await told('away')).toMatchObject({ reads: 0, laws: [], failed: { E_POSTGRES: 1 } });
});
