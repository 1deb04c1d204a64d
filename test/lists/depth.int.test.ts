import { sql } from 'drizzle-orm';
import { defineList } from 'everwarm';
import { expect, test } from 'vitest';
import { migrate } from '../../libs/everwarm/src/operations/migrate.ts';
import { openPostgres } from '../../libs/everwarm/src/platform/postgres.ts';
import { openShop, type Shop } from './fixtures/open-shop.ts';
import { expectPages } from './fixtures/pages.ts';
import { fromScratch, itemCard, priceList, shelfItems } from './fixtures/shop.ts';

const stock = ({ pool }: Shop, count: number) =>
  pool.query('insert into item (id, price, shelf) select i, i, 1 from generate_series(1, $1) i', [count]);

test('a page is from Redis as long as Redis knows all of it and what is next to it, else from Postgres', async () => {
  const shop = await openShop();
  await stock(shop, 20);
  await shop.everwarm.settled();
  const { reader } = shop.everwarm;
  const page = async (limit: number, cursor: { after?: string | null; before?: string | null } = {}) => {
    const { items, tier, next, previous, total } = await reader.rawList(priceList, null, { limit, ...cursor });
    return { ids: items.map(({ body }) => JSON.parse(body.toString()).id as number), tier, next, previous, total };
  };
  const top = await page(4);
  expect(top).toMatchObject({ ids: [1, 2, 3, 4], tier: 'redis', previous: null, total: 20 });
  // The fifth is the last that Redis holds: whether another follows, only Postgres knows.
  const crossing = await page(3, { after: top.next });
  expect(crossing).toMatchObject({ ids: [5, 6, 7], tier: 'postgres', total: 20 });
  expect(await page(5)).toMatchObject({ ids: [1, 2, 3, 4, 5], tier: 'postgres' });
  expect(await page(4, { before: crossing.previous })).toMatchObject({ ids: [1, 2, 3, 4], tier: 'redis', previous: null });
  expect(await page(3, { before: crossing.next })).toMatchObject({ ids: [4, 5, 6], tier: 'postgres' });
  const { rows } = await shop.pool.query<{ id: number }>(fromScratch.price_list, [null]);
  for (const limit of [1, 4, 5, 6, 19, 20, 21])
    await expectPages(reader, { list: priceList, partition: null, expected: rows.map((row) => row.id), limit });
});

test('a cursor stays right when its entry goes', async () => {
  const shop = await openShop();
  await stock(shop, 9);
  await shop.everwarm.settled();
  const { reader } = shop.everwarm;
  const first = await reader.list(priceList, null, { limit: 3 });
  const second = await reader.list(priceList, null, { limit: 3, after: first.next });
  await shop.pool.query('delete from item where id in (3, 4)');
  await shop.everwarm.settled();
  const ids = async (cursor: { after?: string | null; before?: string | null }) =>
    (await reader.list(priceList, null, { limit: 3, ...cursor })).items.map((item) => (item as { id: number }).id);
  expect(await ids({ after: first.next })).toEqual([5, 6, 7]);
  expect(await ids({ before: second.previous })).toEqual([1, 2]);
  await expect(reader.list(priceList, null, { after: first.next, before: second.previous })).rejects.toMatchObject({ code: 'E_CURSOR' });
  await expect(reader.list(priceList, null, { before: 'nonsense' })).rejects.toMatchObject({ code: 'E_CURSOR' });
  await expect(reader.list(shelfItems, 1, { before: second.previous })).rejects.toMatchObject({ code: 'E_CURSOR' });
});

test('pages and counts are right after Redis was emptied, and verify sees a page or count that lies', async () => {
  const shop = await openShop({ ownRedis: true });
  await stock(shop, 12);
  await shop.everwarm.settled();
  await shop.redis.flushall();
  await shop.everwarm.settled();
  const top = await shop.everwarm.reader.rawList(priceList, null, { limit: 4 });
  expect(top).toMatchObject({ tier: 'redis', total: 12 });
  const { page, entries } = await shop.keysOf(priceList, '');
  const faults = async () => (await shop.everwarm.verify(priceList)).findings.map(({ layer, cause }) => `${layer}: ${cause}`);
  expect(await faults()).toEqual([]);

  await shop.redis.zpopmin(page, 2);
  await shop.redis.zadd(page, 0, '');
  await shop.redis.hset(entries, 'count', '0'.repeat(19) + 11);
  await shop.pool.query(
    `insert into everwarm.list_counts select generation, partition, 1 from everwarm.list_counts where n > 0 and partition = '' limit 1`,
  );
  expect(await faults()).toEqual([
    'redis: page differs from Postgres',
    'postgres: count differs from the entries',
    'redis: count differs from the entries',
  ]);
  await shop.everwarm.rebuild(priceList);
  await shop.redis.del(page);
  await shop.pool.query('update item set price = 0 where id = 1');
  await shop.everwarm.settled();
  expect(await faults()).toEqual([]);
  expect((await shop.everwarm.reader.list(priceList, null)).total).toBe(12);
});

test('an order whose values have no bytes is refused when it is migrated, by its place, type and cure', async () => {
  const shop = await openShop();
  const refused = defineList(itemCard, { name: 'refused', orderBy: (i) => [i.id, sql`array[${i.name}]`] });
  const postgres = openPostgres(shop.pool.options.connectionString!);
  await expect(migrate(postgres.transactions, [refused.compile()])).rejects.toThrow(
    /^refused\.orderBy\[1\] orders by a value of type text\[\], whose order has no bytes\. Order by integers,/,
  );
  await postgres.close();
});
