import { spawnNode, waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import type { StepName } from '../../libs/everwarm/src/contracts/steps.ts';
import { postgresCopies } from '../laws/fixtures/copies.ts';
import { expectEquivalence } from '../laws/fixtures/equivalence.ts';
import { openReader } from '../laws/fixtures/open-reader.ts';
import { supplierCard } from '../laws/fixtures/read-models.ts';
import { stockDepot } from '../laws/fixtures/write-randomly.ts';
import { openInline } from './fixtures/open-inline.ts';

const name = 'by a process that dies';

/** Lets a process die in the middle of a transaction of its own, beside workers, and gives what the stores have then. */
async function dieAt(step: StepName) {
  const depot = await openInline();
  await stockDepot(depot.pool);
  await depot.inlining.settled();
  const writer = spawnNode('test/inline/fixtures/writer.ts', {
    env: {
      DEPOT_POSTGRES: depot.database.urlFor('writer'),
      DEPOT_REDIS: depot.redisUrl,
      DEPOT_NAMESPACE: depot.space.namespace,
      DEPOT_STEP: step,
    },
  });
  onTestFinished(() => void writer.stop());
  expect(await writer.exited, writer.output()).toEqual({ code: null, signal: 'SIGKILL' });
  return depot;
}

test('a process that dies before its commit leaves nothing', async () => {
  const depot = await dieAt('inline.written');
  // Its session may take a moment to end.
  await depot.pool.query(`update "Depot"."Supplier" set "Rating" = 2 where "supplierId" = 1`);
  await expectEquivalence(depot);
  expect((await postgresCopies(depot, supplierCard)).get('1')?.doc).not.toContain(name);
});

test('a process that dies between its commit and Redis: Postgres has the document, and readers of Redis get it from the workers', async () => {
  const depot = await dieAt('inline.committed');
  expect((await postgresCopies(depot, supplierCard)).get('1')?.doc).toContain(name);
  const { reader } = await openReader(depot);
  await waitFor(async () => (await reader.get(supplierCard, 1))?.legalName === name, { what: 'the document to reach Redis' });
  await expectEquivalence(depot);
});
