import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { documentKey } from '../../libs/everwarm/src/contracts/names.ts';
import { publishDocuments } from '../../libs/everwarm/src/stages/write-through/publish.ts';
import { publishEntries } from '../../libs/everwarm/src/stages/write-through/publish-entries.ts';
import { withFencedCommands } from '../../libs/everwarm/src/stages/write-through/scripts.ts';
import { postgresCopies, redisCopies, redisEntries, redisPageLength, servingId } from './fixtures/copies.ts';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { orderSheet, supplierOrders } from './fixtures/read-models.ts';

const text = '["north","1"]';
const key = { region: 'north', orderNo: 1 };

/** One order of supplier 1 in both stores, and a worker of yesterday that is still about to write what it computed then. */
async function withLateWorker() {
  const depot = await openDepot();
  await depot.pool.query(`
    insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One'), (2, 'Two');
    insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('north', 1, 1, 'First', now())`);
  await depot.everwarm.settled();
  const late = withFencedCommands(new Redis(depot.redisUrl));
  onTestFinished(() => late.disconnect());
  return { depot, late, documents: await servingId(depot.pool, orderSheet), list: await servingId(depot.pool, supplierOrders) };
}

const partition = async (depot: Depot, supplier: number) => (await depot.everwarm.reader.list(supplierOrders, supplier)).items.length;

test('a late older write cannot bring a deleted document back', async () => {
  const { depot, late, documents } = await withLateWorker();
  const computed = (await redisCopies(depot, orderSheet)).get(text)!;
  await depot.pool.query('delete from "Depot"."Order"');
  await depot.everwarm.settled();
  const tombstone = (await postgresCopies(depot, orderSheet)).get(text)!;
  expect(tombstone.doc).toBeNull();
  expect(tombstone.version > computed.version).toBe(true);

  await publishDocuments(late, depot.space, documents, [{ key: text, doc: computed.doc, version: computed.version, asOf: Date.now() }]);
  expect((await redisCopies(depot, orderSheet)).get(text)).toEqual(tombstone);
  expect(await depot.everwarm.reader.get(orderSheet, key)).toBeNull();

  // Without the fence, or with nothing left to compare with, it would be back.
  await depot.redis.del(documentKey(depot.space, documents, text));
  await publishDocuments(late, depot.space, documents, [{ key: text, doc: computed.doc, version: computed.version, asOf: Date.now() }]);
  expect(await depot.everwarm.reader.get(orderSheet, key)).not.toBeNull();
});

test('a row that comes back gets a newer version than its tombstone', async () => {
  const { depot } = await withLateWorker();
  await depot.pool.query('delete from "Depot"."Order"');
  await depot.everwarm.settled();
  const tombstone = (await redisCopies(depot, orderSheet)).get(text)!;
  await depot.pool.query(`insert into "Depot"."Order" ("Region", "orderNo", "Title", "placedAt") values ('north', 1, 'Again', now())`);
  await expectEquivalence(depot);
  const again = (await redisCopies(depot, orderSheet)).get(text)!;
  expect(again.doc).toContain('Again');
  expect(again.version > tombstone.version).toBe(true);
});

test.each([
  ['moved to another partition', 'update "Depot"."Order" set "supplierId" = 2', 1],
  ['deleted', 'delete from "Depot"."Order"', 0],
])('a late older write cannot bring back a list entry that was %s', async (_, change, elsewhere) => {
  const { depot, late, list } = await withLateWorker();
  const computed = (await redisEntries(depot, supplierOrders, '1')).get(text)!;
  expect(await partition(depot, 1)).toBe(1);
  await depot.pool.query(change);
  await depot.everwarm.settled();
  expect(await partition(depot, 1)).toBe(0);

  await publishEntries(late, depot.space, depot.pool, { id: list, model: supplierOrders.compile() }, [
    { partition: '1', key: text, member: Buffer.from(computed.member, 'hex'), version: computed.version },
  ]);
  expect(await redisPageLength(depot, supplierOrders, '1')).toBe(0);
  expect(await partition(depot, 1)).toBe(0);
  expect(await partition(depot, 2)).toBe(elsewhere);
});
