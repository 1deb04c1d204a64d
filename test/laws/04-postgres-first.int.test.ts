import { seededRandom, waitFor } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { documentKey, projectionTable } from '../../libs/everwarm/src/contracts/names.ts';
import { encodeHeader } from '../../libs/everwarm/src/contracts/version.ts';
import { liveTexts, postgresCopies, redisCopies, servingId } from './fixtures/copies.ts';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { orderSheet, supplierCard } from './fixtures/read-models.ts';
import { stockDepot, writeRandomly } from './fixtures/write-randomly.ts';

/** Keys of which Redis holds more than Postgres has committed. Redis is read first, so what Postgres says can only be newer. */
async function ahead(depot: Depot): Promise<string[]> {
  const found: string[] = [];
  for (const model of [orderSheet, supplierCard]) {
    const redis = await redisCopies(depot, model);
    const postgres = await postgresCopies(depot, model);
    for (const [key, { version, doc }] of redis) {
      const committed = postgres.get(key);
      if (!committed || committed.version < version || (committed.version === version && committed.doc !== doc))
        found.push(`${model.name} ${key}`);
    }
  }
  return found;
}

test('under any load Redis is never ahead of Postgres', async () => {
  const depot = await openDepot();
  await stockDepot(depot.pool);
  let writing = true;
  const samples = (async () => {
    let taken = 0;
    for (; writing; taken++) expect(await ahead(depot)).toEqual([]);
    return taken;
  })();
  await writeRandomly(depot.pool, seededRandom('law 4'), 120).finally(() => {
    writing = false;
  });
  expect(await samples).toBeGreaterThan(3);
  await expectEquivalence(depot);

  // The sampling is worth something: a Redis that is ahead is seen.
  await depot.redis.set(
    documentKey(depot.space, await servingId(depot.pool, supplierCard), '1'),
    `${encodeHeader('0001-9000000000000000000', Date.now(), false)}{}`,
  );
  expect(await ahead(depot)).toEqual(['supplier_card 1']);
});

test('a batch that Postgres refuses to commit never shows in Redis', async () => {
  const depot = await openDepot();
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'committed')`);
  await depot.everwarm.settled();
  const before = await redisCopies(depot, supplierCard);
  const table = `everwarm.${projectionTable(await servingId(depot.pool, supplierCard))}`;
  await depot.pool.query(`
    create function public.refuse() returns trigger language plpgsql as $$ begin raise exception 'no commit' using errcode = '53100'; end $$;
    create constraint trigger refuse after update on ${table} deferrable initially deferred for each row execute function public.refuse()`);
  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'refused'`);
  await waitFor(async () => (await depot.everwarm.status()).queues[0]!.failed > 0, { what: 'the refused batch' });
  expect(await redisCopies(depot, supplierCard)).toEqual(before);

  await depot.pool.query(`drop trigger refuse on ${table}; update everwarm.ledger set queued_at = null`);
  await depot.everwarm.settled();
  expect(liveTexts(await redisCopies(depot, supplierCard))['1']).toContain('refused');
});
