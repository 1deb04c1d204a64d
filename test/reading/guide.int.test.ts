import { createReader } from 'everwarm/reader';
import { expect, onTestFinished, test } from 'vitest';
import { openDepot } from '../laws/fixtures/open-depot.ts';
import { supplierCard } from '../laws/fixtures/read-models.ts';

test('a reader with memory follows a document, as the guide shows', async () => {
  const depot = await openDepot();
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (42, 'One')`);
  await depot.everwarm.settled();
  const [postgres, redis, namespace] = [depot.database.urlFor('reader'), depot.redisUrl, depot.space.namespace];
  const ending = new AbortController();
  const { signal } = ending;
  const rendered: (string | undefined)[] = [];
  const render = (card: { legalName: string } | null) => {
    rendered.push(card?.legalName);
    if (rendered.length === 2) ending.abort();
    else void depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'Two'`);
  };

  // #region memory
  const memory = { maxBytes: 64 * 1024 * 1024, maxAgeMs: 30_000 };
  const reader = createReader({ postgres, redis, namespace, memory });
  // #endregion
  onTestFinished(() => reader.stop());

  // #region watch
  for await (const card of reader.watch(supplierCard, 42, { signal })) render(card);
  // #endregion

  expect(rendered).toEqual(['One', 'Two']);
});
