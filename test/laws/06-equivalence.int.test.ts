import { seededRandom } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { openDepot } from './fixtures/open-depot.ts';
import { stockDepot, writeRandomly } from './fixtures/write-randomly.ts';

test('after any writes, both stores say byte for byte what the rows say', async () => {
  const random = seededRandom('law 6');
  const depot = await openDepot();
  await stockDepot(depot.pool);
  for (let round = 0; round < 2; round++) {
    await writeRandomly(depot.pool, random, 150);
    expect(await expectEquivalence(depot)).toBeGreaterThan(3);
  }
  expect(depot.failures).toEqual([]);
});
