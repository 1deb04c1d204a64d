import { expect, test } from 'vitest';
import { openShop, type Shop } from './fixtures/open-shop.ts';
import { itemCard, priceList, shelfItems } from './fixtures/shop.ts';

const stocked = (count: number) =>
  openShop({
    ownRedis: true,
    before: (pool) =>
      pool.query(
        'insert into item (id, name, price, shelf) select i, i, i, 1 from generate_series(1, $1) i; '.replace('$1', String(count)),
      ),
  });

/** What Redis was asked to do since it was asked last, entered commands inside scripts included. */
async function commandsOf(redis: Shop['redis'], work: () => Promise<unknown>): Promise<Record<string, number>> {
  await redis.config('RESETSTAT');
  await work();
  const stats = await redis.info('commandstats');
  const calls = [...stats.matchAll(/^cmdstat_(zadd|zrem|zremrangebyrank|hset|hgetall|evalsha):calls=(\d+)/gm)];
  return Object.fromEntries(calls.map(([, name, count]) => [name!, Number(count)]));
}

type Plan = { 'Shared Hit Blocks': number; 'Shared Read Blocks': number; 'Shared Dirtied Blocks': number };

/** How many buffers a statement looks at and writes, rolled back. */
async function buffersOf({ pool }: Shop, sql: string, values: unknown[]): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('set local plan_cache_mode = force_generic_plan');
    // The first run also reads the catalogue.
    await client.query(`explain (analyze, buffers, format json) ${sql}`, values);
    await client.query('rollback; begin; set local plan_cache_mode = force_generic_plan');
    const { rows } = await client.query(`explain (analyze, buffers, format json) ${sql}`, values);
    const plan = rows[0]['QUERY PLAN'][0].Plan as Plan;
    return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
  } finally {
    await client.query('rollback');
    client.release();
  }
}

test('an insert at the top, a page and one from far below cost the same with 10 and with 20,000 entries', {
  timeout: 180_000,
}, async () => {
  const measured: { top: Record<string, number>; page: number; deep: number; write: number }[] = [];
  for (const count of [10, 20_000]) {
    const shop = await stocked(count);
    const { pool, redis, everwarm } = shop;
    await pool.query('vacuum analyze');
    const insert = (id: number) => async () => {
      await pool.query('insert into item (id, price) values ($1, -1)', [id]);
      await everwarm.settled();
    };
    await insert(-1)();
    const asked = await commandsOf(redis, insert(-2));
    const table = await shop.entriesOf(priceList);
    const page = `select array(select member from ${table} where partition = $1 and member is not null and member > $3::bytea order by member limit $2::integer)`;
    const { rows } = await pool.query(`select member from ${table} order by member desc limit 1 offset $1`, [count / 2]);
    const write = `with input as materialized (${priceList.compile().recompute}) update ${table} p set member = i.member || '' from input i where p.partition = i.partition and p.key = i.key`;
    measured.push({
      top: { zadd: asked['zadd'] ?? 0, zremrangebyrank: asked['zremrangebyrank'] ?? 0, hgetall: asked['hgetall'] ?? 0 },
      page: await buffersOf(shop, page, ['', 4, Buffer.alloc(0)]),
      deep: await buffersOf(shop, page, ['', 4, rows[0].member]),
      write: await buffersOf(shop, write, [['7']]),
    });
    const held = await shop.keysOf(priceList, '');
    expect(await redis.zcard(held.page), 'five and the sentinel').toBe(6);
    expect(await redis.hlen(held.entries)).toBeLessThan(40);
  }
  const [small, large] = measured;
  expect(large!.top).toEqual(small!.top);
  // Two more levels of the index, at most.
  expect(large!.page - small!.page).toBeLessThanOrEqual(4);
  expect(large!.deep - small!.deep).toBeLessThanOrEqual(4);
  expect(large!.write - small!.write).toBeLessThanOrEqual(20);
});

test('what leaves an entry as it is writes nothing; a changed sort key moves one entry; a changed card leaves the lists alone', async () => {
  const shop = await stocked(10);
  const { pool, redis, everwarm } = shop;
  const table = await shop.entriesOf(priceList);
  const rows = async () => (await pool.query(`select key, xmin::text, ctid::text from ${table} order by key`)).rows as { key: string }[];
  const held = async () => {
    // The count is told again, under a ticket of its own.
    const { count: _, ...entries } = await redis.hgetallBuffer((await shop.keysOf(priceList, '')).entries);
    return entries;
  };
  const [before, inRedis] = [await rows(), await held()];
  const differing = async () => {
    const now = await rows();
    return now.filter((row, index) => JSON.stringify(row) !== JSON.stringify(before[index])).map((row) => row.key);
  };

  // 3 and 3.00 are one place.
  await pool.query(`update item set price = 3.00 where id = 3`);
  await everwarm.settled();
  expect(await differing()).toEqual([]);
  expect(await held()).toEqual(inRedis);

  await pool.query(`update item set note = 'new' where id = 3`);
  await everwarm.settled();
  expect(await everwarm.reader.get(itemCard, 3)).toEqual({ id: 3, note: 'new' });
  expect(await differing()).toEqual([]);
  expect(await held()).toEqual(inRedis);

  await pool.query(`update item set price = 0 where id = 3`);
  await everwarm.settled();
  expect(await differing()).toEqual(['3']);
  const { items } = await everwarm.reader.list(priceList, null, { limit: 2 });
  expect(items).toEqual([
    { id: 3, note: 'new' },
    { id: 1, note: null },
  ]);
  const { rows: counts } = await pool.query(`select coalesce(sum(n), 0)::int as n from everwarm.list_counts where partition = '1'`);
  expect(counts[0].n, 'a move is no change of a count').toBe((await everwarm.reader.list(shelfItems, 1)).total);
});
