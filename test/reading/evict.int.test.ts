import { seededRandom, spawnNode, waitFor } from '@everwarm/testkit';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { defineReadModel } from 'everwarm';
import { expect, onTestFinished, test } from 'vitest';
import { documentKey } from '../../libs/everwarm/src/contracts/names.ts';
import { decodeStored } from '../../libs/everwarm/src/contracts/version.ts';
import { publishDocuments } from '../../libs/everwarm/src/stages/write-through/publish.ts';
import { withFencedCommands } from '../../libs/everwarm/src/stages/write-through/scripts.ts';
import { postgresCopies, redisCopies, servingId } from '../laws/fixtures/copies.ts';
import { expectEquivalence } from '../laws/fixtures/equivalence.ts';
import { type Depot, type DepotOptions, openDepot } from '../laws/fixtures/open-depot.ts';
import { openReader } from '../laws/fixtures/open-reader.ts';
import { orderSheet, readModels, supplierCard, supplierOrders } from '../laws/fixtures/read-models.ts';

/** Suppliers 1 to 5, each with an order. */
async function openFilled(options?: DepotOptions): Promise<Depot> {
  const depot = await openDepot(options);
  await depot.pool.query(`
    insert into "Depot"."Supplier" ("supplierId", "legal Name") select n, '0' from generate_series(1, 5) n;
    insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") select case when n % 2 = 0 then 'north' else 'south' end, n, n, 'Order', now() from generate_series(1, 5) n`);
  await depot.everwarm.settled();
  return depot;
}

const rename = (depot: Depot, id: number, name: string) =>
  depot.pool.query(`update "Depot"."Supplier" set "legal Name" = $2 where "supplierId" = $1`, [id, name]);

/** The same depot when its workers are gone, with an Everwarm that has none yet. */
async function withoutWorkers(options?: DepotOptions): Promise<Depot> {
  const depot = await openFilled(options);
  await depot.everwarm.stop();
  return { ...depot, everwarm: depot.another(readModels) };
}

test('an evicted document is gone from both stores at once, is read from the sources, and comes back by itself', async () => {
  const depot = await withoutWorkers();
  const { everwarm } = depot;
  const before = (await redisCopies(depot, supplierCard)).get('1')!;
  expect(await everwarm.reader.raw(supplierCard, 1)).toMatchObject({ tier: 'redis', version: before.version });
  expect(await everwarm.evict(supplierCard, 1)).toBe(true);
  expect(await everwarm.evict(supplierCard, 77)).toBe(false);
  const after = (await postgresCopies(depot, supplierCard)).get('1')!;
  expect(after.doc).toBeNull();
  expect(after.version > before.version).toBe(true);
  expect((await redisCopies(depot, supplierCard)).get('1')).toEqual({ version: after.version, doc: null });
  expect(await everwarm.reader.raw(supplierCard, 1)).toMatchObject({ tier: 'source', version: null });
  expect(await everwarm.reader.get(supplierCard, 2)).toMatchObject({ id: 2 });

  await everwarm.start();
  await expectEquivalence(depot);
  expect(await everwarm.reader.raw(supplierCard, 1)).toMatchObject({ tier: 'redis' });
  expect((await postgresCopies(depot, supplierCard)).get('1')!.version > after.version).toBe(true);
});

test('what is older than the eviction does not come back, however late; without its marker it would', async () => {
  const depot = await withoutWorkers();
  const { everwarm } = depot;
  const id = await servingId(depot.pool, supplierCard);
  const { version, doc } = (await redisCopies(depot, supplierCard)).get('1')!;
  await everwarm.evict(supplierCard, 1);
  const redis = withFencedCommands(depot.redis);
  // A worker that was frozen since it wrote this to Postgres.
  const late = () => publishDocuments(redis, depot.space, id, [{ key: '1', doc, version, asOf: 1 }]);
  const name = documentKey(depot.space, id, '1');
  await late();
  expect(decodeStored((await redis.getBuffer(name))!)).toMatchObject({ evicted: true });
  await redis.del(name);
  await late();
  expect(decodeStored((await redis.getBuffer(name))!)).toMatchObject({ evicted: false, version });
});

test('no reader sees a document go back while it is written and evicted again and again', async () => {
  const depot = await openFilled();
  const random = seededRandom('evictions');
  const readers = [depot.everwarm.reader, (await openReader(depot)).reader];
  const watch = readers.map(async (reader) => {
    const seen = new Map<number, number>();
    for (let read = 0; read < 60; read++) {
      const id = 1 + (read % 3);
      const found = (await reader.get(supplierCard, id)) as { legalName: string } | null;
      const shown = Number(found?.legalName);
      expect(shown, `supplier ${id} after ${seen.get(id)}`).toBeGreaterThanOrEqual(seen.get(id) ?? 0);
      seen.set(id, shown);
    }
  });
  let isOver = false;
  const over = Promise.all(watch).finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  for (let round = 1; !isOver; round++) {
    const id = 1 + random.integer(0, 2);
    await Promise.all([
      rename(depot, id, String(round)),
      random.chance(0.5) ? depot.everwarm.evict(supplierCard, id) : depot.everwarm.evictMany(supplierCard, [1, 2, 3]),
    ]);
  }
  await over;
  await expectEquivalence(depot);
});

test('a process that dies after Postgres has it and before Redis is told leaves that to the workers', async () => {
  const depot = await withoutWorkers();
  const before = (await redisCopies(depot, supplierCard)).get('1')!;
  const evicter = spawnNode('test/reading/fixtures/evicter.ts', {
    env: {
      DEPOT_POSTGRES: depot.database.urlFor('evicter'),
      DEPOT_REDIS: depot.redisUrl,
      DEPOT_NAMESPACE: depot.space.namespace,
      DEPOT_KEY: '1',
    },
  });
  onTestFinished(async () => void (await evicter.stop()));
  expect(await evicter.exited).toMatchObject({ signal: 'SIGKILL' });
  expect((await postgresCopies(depot, supplierCard)).get('1')).toMatchObject({ doc: null });
  expect((await redisCopies(depot, supplierCard)).get('1')).toEqual(before);
  await depot.everwarm.start();
  await expectEquivalence(depot);
});

test('without Redis a document is evicted all the same, and Redis is right when it returns', async () => {
  const depot = await openFilled({ ownRedis: 'persistent' });
  await depot.redisServer!.kill();
  await rename(depot, 1, '1');
  expect(await depot.everwarm.evictMany(supplierCard, [1, 2])).toBe(2);
  expect(await depot.everwarm.reader.get(supplierCard, 1)).toMatchObject({ legalName: '1' });
  await depot.redisServer!.start();
  await expectEquivalence(depot);
  await waitFor(async () => (await depot.everwarm.reader.raw(supplierCard, 2))?.tier === 'redis', { what: 'Redis to answer again' });
});

test('documents are evicted by the beginning of their keys, or all of them; what cannot be meant is refused', async () => {
  const depot = await withoutWorkers();
  const { everwarm } = depot;
  const gone = async () => [...(await postgresCopies(depot, orderSheet))].filter(([, { doc }]) => doc === null).map(([key]) => key);
  expect(await everwarm.evictWhere(orderSheet, { region: 'north' })).toBe(2);
  expect(await gone()).toEqual(['["north","2"]', '["north","4"]']);
  expect(await everwarm.evictWhere(orderSheet, { region: 'south', orderNo: 3 })).toBe(1);
  expect(await everwarm.evictWhere(orderSheet, { region: 'sou' })).toBe(0);
  expect(await everwarm.clear(orderSheet)).toBe(2);
  expect(await everwarm.clear(orderSheet)).toBe(0);
  expect(await gone()).toHaveLength(5);
  expect((await everwarm.reader.list(supplierOrders, 3)).items).toMatchObject([{ title: 'Order', supplier: { id: 3 } }]);
  for (const prefix of ['', 'north', {}, { orderNo: 3 }, { region: 'north', orderNo: 1, more: 2 }] as const)
    await expect(everwarm.evictWhere(orderSheet, prefix), JSON.stringify(prefix)).rejects.toMatchObject({ code: 'E_KEY' });
  await expect(everwarm.evictWhere(supplierCard, '1')).rejects.toMatchObject({ code: 'E_KEY' });
  await expect(everwarm.clear(supplierOrders as never)).rejects.toMatchObject({ code: 'E_DEFINITION' });
  const { rows } = await depot.pool.query<{ verb: string }>('select verb from everwarm.operator_log order by id');
  expect(rows.map(({ verb }) => verb)).toEqual(['evict', 'evict', 'evict', 'clear', 'clear']);
  await everwarm.start();
  await expectEquivalence(depot);
});

test('a text begins keys as it is written, whatever it means to a pattern, and none that only look alike', async () => {
  const depot = await openDepot({ start: false });
  const paths = [
    '/blog',
    '/blog/',
    '/blog/1',
    '/blog/a/b',
    '/Blog/1',
    '/blogs/1',
    '/blog%/1',
    '/blog_/1',
    '/blog\\/1',
    '["x","1"]',
    'é/1',
    'e/1',
  ];
  await depot.pool.query('create table page (path text primary key)');
  await depot.pool.query('insert into page select unnest($1::text[])', [paths]);
  const pages = pgTable('page', { path: text().primaryKey() });
  const model = defineReadModel({ pages }, 'pages', { name: 'page_by_path' });
  const everwarm = depot.another([model]);
  await everwarm.migrate();
  await everwarm.start();
  await everwarm.settled();
  await everwarm.stop();
  const evicting = depot.another([model]);
  const gone = new Set<string>();
  const evicted = async (prefix: string, ...expected: string[]) => {
    expect(await evicting.evictWhere(model, prefix), prefix).toBe(expected.length);
    for (const path of expected) gone.add(path);
    for (const copies of [await postgresCopies(depot, model), await redisCopies(depot, model)]) {
      const taken = [...copies].filter(([, { doc }]) => doc === null).map(([key]) => key);
      expect(taken.toSorted(), prefix).toEqual([...gone].toSorted());
    }
  };
  await evicted('/blog/', '/blog/', '/blog/1', '/blog/a/b');
  await evicted('/blog%', '/blog%/1');
  await evicted('/blog_', '/blog_/1');
  await evicted('/blog\\', '/blog\\/1');
  await evicted('%');
  await evicted('_');
  await evicted('["x",', '["x","1"]');
  await evicted('é', 'é/1');
  await evicted('/b', '/blog', '/blogs/1');
});

test('a document that is said to expire is derived anew when the time has come, and not before', async () => {
  const depot = await openFilled();
  const id = await servingId(depot.pool, supplierCard);
  // What no trigger saw: only deriving it anew brings it back.
  await depot.everwarm.expireAfter(supplierCard, [1, 2], '1h');
  await depot.pool.query(`update everwarm.projection_${id} set doc = '{"id":1}', version = version where key in ('1', '2')`);
  await depot.everwarm.expireAfter(supplierCard, [1], 50);
  await waitFor(async () => (await postgresCopies(depot, supplierCard)).get('1')!.doc?.includes('legalName'), {
    what: 'the first to be derived',
  });
  expect((await postgresCopies(depot, supplierCard)).get('2')!.doc).toBe('{"id":1}');
  await depot.everwarm.expireAfter(supplierCard, [2], 0);
  await waitFor(async () => (await postgresCopies(depot, supplierCard)).get('2')!.doc?.includes('legalName'), { what: 'the second, too' });
  await expectEquivalence(depot);
  await expect(depot.everwarm.expireAfter(supplierCard, [1], 'soon')).rejects.toMatchObject({ code: 'E_CONFIG' });
});
