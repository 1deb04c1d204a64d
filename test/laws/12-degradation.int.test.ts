import { waitFor } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { orderSheet, supplierCard, supplierOrders } from './fixtures/read-models.ts';

/** Two suppliers and an order in both stores, on a Redis of its own. */
async function openOnOwnRedis(): Promise<Depot> {
  const depot = await openDepot({ ownRedis: true });
  await depot.pool.query(`
    insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One'), (2, 'Two');
    insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('north', 1, 1, 'First', now())`);
  await depot.everwarm.settled();
  return depot;
}

const status = async (depot: Depot) => (await depot.everwarm.status()).models.find(({ name }) => name === 'supplier_card')!;

test('without Redis, Postgres answers', async () => {
  const depot = await openOnOwnRedis();
  const { reader } = depot.everwarm;
  const warm = await reader.raw(supplierCard, 1);
  expect(warm?.tier).toBe('redis');
  await depot.redisServer!.kill();
  // Postgres also says whether anything newer is on its way.
  expect(await reader.raw(supplierCard, 1)).toEqual({ ...warm, tier: 'postgres', pending: false });
  expect(await reader.rawList(supplierOrders, 1)).toMatchObject({ tier: 'postgres', items: [{ tier: 'postgres' }] });
  expect(await reader.getMany(supplierCard, [2, 3, 1])).toMatchObject([{ legalName: 'Two' }, null, { legalName: 'One' }]);
  // A key that no store ever had comes from the source.
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (3, 'Three')`);
  expect(await reader.raw(supplierCard, 3)).toMatchObject({ tier: 'source' });
});

test('a Redis that hangs holds no reader up for long', async () => {
  const depot = await openOnOwnRedis();
  depot.redisServer!.freeze();
  try {
    const asked = performance.now();
    expect(await depot.everwarm.reader.raw(orderSheet, { region: 'north', orderNo: 1 })).toMatchObject({ tier: 'postgres' });
    expect(performance.now() - asked).toBeLessThan(5000);
  } finally {
    depot.redisServer!.thaw();
  }
});

test('what is written without Redis is owed, told, and there when Redis returns', async () => {
  const depot = await openOnOwnRedis();
  await depot.redisServer!.kill();
  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'written without Redis'`);
  await depot.pool.query(`delete from "Depot"."Order"`);
  await waitFor(async () => (await status(depot)).pending === 2, { what: 'the keys to be owed' });
  expect((await status(depot)).lagMs).toBeGreaterThan(0);
  await depot.redisServer!.start();
  expect(await expectEquivalence(depot)).toBe(2);
});

test('documents follow writes while Redis is away', async () => {
  const depot = await openOnOwnRedis();
  await depot.redisServer!.kill();
  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'fresh'`);
  await waitFor(async () => (await depot.everwarm.reader.get(supplierCard, 1))?.legalName === 'fresh', {
    what: 'the write to be read',
  });
});

test('capture that DDL has broken fails no writer, says so, and is made good', async () => {
  const depot = await openOnOwnRedis();
  await depot.pool.query(`alter table "Depot"."Supplier" rename column "legal Name" to "renamed"`);
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "renamed") values (3, 'inserted')`);
  await depot.pool.query(`update "Depot"."Supplier" set "renamed" = 'updated' where "supplierId" = 1`);
  await depot.pool.query(`delete from "Depot"."Supplier" where "supplierId" = 2`);
  const told = async () => (await depot.everwarm.doctor()).filter(({ problem }) => problem !== null).map(({ check }) => check);
  await waitFor(async () => (await told()).includes('every generation can be computed'), { what: 'the stalled generation to be told' });
  expect(await told()).toContain('Depot.Supplier is captured');
  // What was there before is still read.
  expect(await depot.everwarm.reader.get(supplierCard, 1)).toMatchObject({ legalName: 'One' });

  await depot.pool.query(`alter table "Depot"."Supplier" rename column "renamed" to "legal Name"`);
  await depot.pool.query(`update everwarm.ledger set queued_at = null`);
  expect(await expectEquivalence(depot)).toBe(3);
});
