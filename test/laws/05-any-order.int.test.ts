import { seededRandom } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { maxJobKeys } from '../../libs/everwarm/src/contracts/job.ts';
import { redisCopies } from './fixtures/copies.ts';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { openDepot } from './fixtures/open-depot.ts';
import { queueOf } from './fixtures/queue-of.ts';
import { orderSheet, supplierCard } from './fixtures/read-models.ts';
import { stockDepot, writeRandomly } from './fixtures/write-randomly.ts';

test('reordered, repeated, regrouped and dropped jobs give the same documents', async () => {
  const depot = await openDepot();
  const queue = queueOf(depot);
  const random = seededRandom('law 5');
  await stockDepot(depot.pool);
  let writing = true;
  const disorder = (async () => {
    let dropped = 0;
    while (writing) {
      // Nobody works while the jobs are in disorder, so that none of it is lost on jobs that are done.
      await queue.pause();
      const { rows } = await depot.pool.query<{ generation: number; key: string }>('select generation, key from everwarm.ledger');
      // The same keys again, in another order and cut into other batches, some of them ahead of everything that waits.
      for (const generation of new Set(rows.map((row) => row.generation))) {
        const keys = random.shuffle(rows.filter((row) => row.generation === generation).map((row) => row.key)).slice(0, maxJobKeys);
        const cut = random.integer(0, keys.length);
        for (const part of [keys.slice(0, cut), keys.slice(cut), keys])
          await queue.add(String(generation), { generation, keys: part }, { removeOnComplete: true, lifo: random.chance(0.5) });
      }
      for (const job of await queue.getJobs(['waiting'], 0, 50)) {
        // One that a worker took meanwhile cannot be removed; that is as good.
        if (random.chance(0.5))
          await job.remove().then(
            () => dropped++,
            () => undefined,
          );
      }
      await queue.resume();
    }
    return dropped;
  })();
  await writeRandomly(depot.pool, random, 120).finally(() => {
    writing = false;
  });
  expect(await disorder).toBeGreaterThan(0);
  await expectEquivalence(depot);
});

test('a job for what is not owed changes nothing', async () => {
  const depot = await openDepot();
  const queue = queueOf(depot);
  await stockDepot(depot.pool);
  await depot.everwarm.settled();
  const before = [await redisCopies(depot, supplierCard), await redisCopies(depot, orderSheet)];
  const { rows } = await depot.pool.query<{ id: number }>('select id from everwarm.generations');
  for (const { id } of rows) await queue.add(String(id), { generation: id, keys: ['1', '2', 'nonsense', '["north","1"]'] });
  await queue.add('999', { generation: 999, keys: ['1'] });
  await expectEquivalence(depot);
  expect([await redisCopies(depot, supplierCard), await redisCopies(depot, orderSheet)]).toEqual(before);
});
