import { eq } from 'drizzle-orm';
import type { Everwarm, Reader } from 'everwarm';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openShop, type Shop } from './open-shop.ts';
import { categoryProducts, productPage, products, reviews } from './shop.ts';

/* The recipes of docs/recipes.md that need no more than read models as they are. Regions are what the page shows. */

let shop: Shop;
let db: Shop['db'];
let everwarm: Everwarm;
let reader: Reader;

beforeAll(async () => {
  shop = await openShop();
  ({ db, everwarm, reader } = shop);
}, 60_000);

afterAll(() => shop?.stop());

const page = async (id: number) => {
  await everwarm.settled();
  return reader.get(productPage, id);
};
const idsOf = async (category: number) => {
  await everwarm.settled();
  return (await reader.list(categoryProducts, category)).items.map(({ id }) => id);
};

test('write-through: the row is written, and nothing else', async () => {
  // #region write-through
  await db.update(products).set({ price: 900 }).where(eq(products.id, 42));
  // #endregion
  expect(await page(42)).toMatchObject({ price: 900 });
  expect((await idsOf(7))[0], 'the cheapest one of its category').toBe(42);
});

test('write-through: whoever has written sees it at once, in whichever process', async () => {
  // #region own-writes
  const token = await db.transaction(async (tx) => {
    await tx.update(products).set({ price: 700 }).where(eq(products.id, 42));
    return everwarm.token(tx);
  });
  const own = await reader.get(productPage, 42, { after: token }); // shows the new price, here and wherever the token goes
  // #endregion
  expect(own?.price).toBe(700);
});

test('manual deletion: a row that goes takes itself out', async () => {
  expect(await page(42)).toMatchObject({ reviewCount: 2 });
  // #region deletion
  await db.delete(reviews).where(eq(reviews.stars, 2)); // every page and list that showed one follows
  // #endregion
  expect(await page(42)).toMatchObject({ reviewCount: 1, reviews: [{ stars: 5, words: 'Works.' }] });
});

test('signals with previous values: what moves leaves one place and comes to the other', async () => {
  expect(await idsOf(7)).toContain(42);
  // #region previous
  await db.update(products).set({ categoryId: 8 }).where(eq(products.id, 42)); // gone from the pages of 7, on those of 8
  // #endregion
  expect([await idsOf(7), await idsOf(8)]).toEqual([expect.not.arrayContaining([42]), expect.arrayContaining([42])]);
  expect(await page(42)).toMatchObject({ category: { name: 'category 8' } });
});

test('fragments with version tokens: what was rendered holds as long as the version', async () => {
  const render = vi.fn<(product: object) => string>((product) => `<p>${Object.values(product)[1]}</p>`);
  // #region fragments
  const fragments = new Map<string, string>(); // or an LRU, or Redis under keys of your own

  async function productHtml(id: number): Promise<string | null> {
    const found = await reader.raw(productPage, id);
    if (found === null) return null;
    const name = `${id} ${found.version}`;
    const html = fragments.get(name) ?? render(JSON.parse(found.body.toString()));
    if (found.version !== null) fragments.set(name, html); // null: derived just now, and stored nowhere
    return html;
  }
  // #endregion
  await everwarm.settled();
  for (let n = 0; n < 3; n++) expect(await productHtml(41)).toBe('<p>product 41</p>');
  expect(render).toHaveBeenCalledTimes(1);
  await db.insert(reviews).values({ productId: 40, stars: 1, words: 'Another product.' });
  await everwarm.settled();
  await productHtml(41);
  expect(render, 'other documents change').toHaveBeenCalledTimes(1);
  await db.insert(reviews).values({ productId: 41, stars: 4, words: 'Good.' });
  await everwarm.settled();
  await productHtml(41);
  expect(render, 'a row below this one changed').toHaveBeenCalledTimes(2);
  expect(await productHtml(4000)).toBeNull();
});

test('monitoring: what came from where, and how long it took', async () => {
  type Figures = Readonly<Record<'hits' | 'misses' | 'stale' | 'waits' | 'errors' | 'meanMs', number>>;
  const figures = new Map<string, Figures>();
  const print = (model: string, tier: string, found: Figures) => figures.set(`${model} ${tier}`, found);
  // Of reads that take microseconds one of eight is timed.
  for (let read = 0; read < 8; read++) await page(42);
  // #region monitoring
  for (const [model, tiers] of Object.entries(reader.stats().models)) {
    for (const [tier, { hits, misses, stale, waits, errors, timings }] of Object.entries(tiers))
      print(model, tier, { hits, misses, stale, waits, errors, meanMs: timings.sumMs / (timings.count || 1) });
  }
  // #endregion
  expect(figures.get('product_page redis')).toMatchObject({ errors: 0 });
  expect(figures.get('product_page redis')!.hits).toBeGreaterThanOrEqual(8);
  expect(figures.get('product_page redis')!.meanMs).toBeGreaterThan(0);
  expect(figures.get('product_page memory'), 'a tier that nobody asked').toMatchObject({ hits: 0, meanMs: 0 });
  for (const [place, { meanMs }] of figures) expect(meanMs, place).not.toBeNaN();
});
