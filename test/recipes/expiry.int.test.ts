import { waitFor } from '@everwarm/testkit';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShop, type Shop } from './open-shop.ts';
import { categories, currentOffer, offers, productPage as pageOfTables, products } from './shop.ts';

/* The recipes in which it matters when a document is derived. */

/** Something that no table of the database holds. */
const exchange = { rate: 1, validForMs: 100 };
/** The products whose pages were derived. */
const derived = new Set<number>();
const productPage = pageOfTables.transform(1, (page) => {
  derived.add(page.id);
  return { ...page, rate: exchange.rate };
});

let shop: Shop;
let db: Shop['db'];
let everwarm: Shop['everwarm'];
let reader: Shop['reader'];

beforeAll(async () => {
  shop = await openShop([productPage, currentOffer]);
  ({ db, everwarm, reader } = shop);
}, 60_000);

afterAll(() => shop?.stop());

const inMs = (ms: number) => sql`now() + make_interval(secs => ${ms / 1000})`;
const rates = async (...ids: number[]) => {
  await everwarm.settled();
  return (await reader.getMany(productPage, ids)).map((page) => page?.rate);
};

test('time-based expiry: what holds for a time comes and goes at its moment', async () => {
  const offer = { productId: 42, price: 99 };
  await db.insert(offers).values([
    { id: 1, ...offer, startsAt: inMs(-1000), endsAt: inMs(3_600_000) },
    { id: 2, ...offer, startsAt: inMs(3_600_000), endsAt: inMs(7_200_000) },
    { id: 3, ...offer, startsAt: inMs(800), endsAt: inMs(3_600_000) },
  ]);
  await everwarm.settled();
  expect(await reader.getMany(currentOffer, [1, 2])).toEqual([{ id: 1, price: 99 }, null]);
  await waitFor(() => reader.get(currentOffer, 3), { what: 'the offer to begin' });
  await db
    .update(offers)
    .set({ endsAt: inMs(800) })
    .where(eq(offers.id, 3));
  await waitFor(async () => (await reader.get(currentOffer, 3)) === null, { what: 'the offer to end' });
});

test('wildcard deletion: one row that stands in many documents has these derived again, and no other', async () => {
  const ofCategory = await db.select({ id: products.id }).from(products).where(eq(products.categoryId, 7));
  const toys = ofCategory.map(({ id }) => id);
  expect(toys.length).toBeGreaterThan(5);
  derived.clear();
  // #region wildcard
  await db.update(categories).set({ name: 'Toys' }).where(eq(categories.id, 7)); // all pages of its products, and no other
  // #endregion
  await everwarm.settled();
  expect(derived).toEqual(new Set(toys));
  for (const page of await reader.getMany(productPage, toys)) expect(page).toMatchObject({ category: { name: 'Toys' } });
});

test('manual and wildcard deletion: what no table holds is named, or all of it is made again', async () => {
  exchange.rate = 2;
  expect(await rates(42, 41)).toEqual([1, 1]);
  // #region touch
  await everwarm.touch(productPage, [42]); // only for what no table of this database holds
  // #endregion
  expect(await rates(42, 41)).toEqual([2, 1]);
  derived.clear();
  // #region rebuild
  await everwarm.rebuild(productPage); // really all of them, while reads go on
  // #endregion
  expect(derived.size).toBe(30);
  expect(await rates(42, 41)).toEqual([2, 2]);
});

test('time-based expiry: what is known to hold for so long is made again after that', async () => {
  exchange.rate = 3;
  expect(await rates(42)).not.toEqual([3]);
  // #region expire
  await everwarm.expireAfter(productPage, [42], exchange.validForMs); // derived anew then; a lazy one is evicted
  // #endregion
  await waitFor(async () => (await rates(42))[0] === 3, { what: 'the new rate' });
  expect(await rates(41)).not.toEqual([3]);
});

test('time-based expiry: an answer is no older than its reader allows, whatever has become of the workers', async () => {
  await everwarm.stop();
  await db.update(offers).set({ price: 98 }).where(eq(offers.id, 1));
  const read = async () => {
    // #region staleness
    const offer1 = await reader.get(currentOffer, 1, { maxStaleness: '1s' });
    // #endregion
    return offer1;
  };
  const newer = async () => {
    expect(await reader.get(currentOffer, 1), 'for who sets no bound').toEqual({ id: 1, price: 99 });
    return (await read())?.price === 98;
  };
  await waitFor(newer, { what: 'the bound to be passed' });
});
