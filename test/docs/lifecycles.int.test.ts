import { createEverwarm, defineReadModel, type Everwarm, type Reader } from 'everwarm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShop, type Shop } from '../recipes/open-shop.ts';
import { pageByPath, reviews, schema, stockLevel } from '../recipes/shop.ts';

/* The code of docs/guides/lifecycles.md and evicting.md, as it stands there. */

// #region declaration
const productPage = defineReadModel(schema, 'products', {
  name: 'product_page',
  with: { reviews: { columns: { stars: true, words: true } } },
  lifecycle: 'inline',
});
// #endregion

// #region lazy
const categoryReport = defineReadModel(schema, 'categories', {
  name: 'category_report',
  columns: { name: true },
  lifecycle: { lazy: { expireAfter: '1h', staleWhileRevalidate: '10m', refresh: 'evict' } },
});
// #endregion

let shop: Shop;
let db: Shop['db'];
let reader: Reader;
/** One that derives nothing by itself: no worker runs anywhere. */
let everwarm: Everwarm;

beforeAll(async () => {
  shop = await openShop([productPage, categoryReport, stockLevel, pageByPath]);
  ({ db, reader } = shop);
  await shop.everwarm.stop();
  everwarm = createEverwarm(shop.config);
}, 60_000);

afterAll(async () => {
  await everwarm?.stop();
  await shop?.stop();
});

test('inline: what a transaction changed is in the next read, by Drizzle and by a driver of any kind', async () => {
  const words = 'As told.';
  // #region transaction
  // db: Drizzle's, or a pool of pg; tx: what db.transaction gives
  await everwarm.transaction(db, async (tx) => {
    await tx.insert(reviews).values({ productId: 42, stars: 4, words });
  });
  const page = await reader.get(productPage, 42); // has the review, in any process
  // #endregion
  expect(page?.reviews).toHaveLength(3);
  const client = await db.$client.connect();
  try {
    // #region inline
    await client.query('begin');
    await client.query(`insert into reviews (product_id, stars, words) values (42, 1, 'Broke.')`);
    const inlined = await everwarm.inline(client); // anything with query(text) or execute(text)
    await client.query('commit');
    await inlined.publish();
    // #endregion
    expect(inlined.left).toEqual([]);
  } finally {
    client.release();
  }
  const raw = await reader.raw(productPage, 42);
  expect([raw?.tier, JSON.parse(String(raw?.body)).reviews.length]).toEqual(['redis', 4]);
});

test('lazy: a document is made when it is first read', async () => {
  const tier = async () => (await reader.raw(categoryReport, 7))?.tier;
  expect([await tier(), await tier()]).toEqual(['source', 'redis']);
});

test('evicting: what the verbs name is gone, and nothing else', async () => {
  const tiers = async () => [
    ...(await Promise.all([42, 41, 40, 39].map((id) => reader.raw(productPage, id)))),
    ...(await Promise.all(['north', 'south'].map((warehouse) => reader.raw(stockLevel, { warehouse, productId: 42 })))),
    ...(await Promise.all(['/blog/1', '/about'].map((path) => reader.raw(pageByPath, path)))),
  ];
  expect((await tiers()).map((found) => found?.tier)).toEqual(Array.from({ length: 8 }, () => 'redis'));
  await reader.get(categoryReport, 7);
  // #region evict
  await everwarm.evict(productPage, 42); // one document; resolves to whether there was one
  await everwarm.evictMany(productPage, [40, 41]); // these; resolves to how many there were
  await everwarm.evictWhere(stockLevel, { warehouse: 'north' }); // those of a namespace: the first columns of a composite key
  await everwarm.evictWhere(pageByPath, '/blog/'); // those whose key, a text, begins so
  await everwarm.clear(categoryReport); // all
  await everwarm.expireAfter(productPage, [39], '10m'); // ten minutes from now; a lazy document is evicted then, any other derived anew
  // #endregion
  const [gone, there] = ['source', 'redis'];
  expect((await tiers()).map((found) => found?.tier)).toEqual([gone, gone, gone, there, gone, there, gone, there]);
  expect((await reader.raw(categoryReport, 7))?.tier).toBe(gone);
  const { rows } = await db.execute(`select key, extract(epoch from at - now()) > 500 as later from everwarm.timers`);
  expect(rows).toEqual([{ key: '39', later: true }]);
});
