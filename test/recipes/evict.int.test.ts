import { createEverwarm } from 'everwarm';
import { expect, onTestFinished, test } from 'vitest';
import { openShop } from './open-shop.ts';
import { productPage, stockLevel } from './shop.ts';

test('manual and wildcard deletion: what is evicted is gone from both stores, and comes back no older', async () => {
  const shop = await openShop();
  onTestFinished(() => shop.stop());
  const { reader, config } = shop;
  // Its workers would have brought back what is evicted before anybody looked.
  await shop.everwarm.stop();
  const everwarm = createEverwarm(config);
  onTestFinished(() => everwarm.stop());
  const page = async (id: number) => (await reader.raw(productPage, id))!;
  const level = async (warehouse: string, productId: number) => (await reader.raw(stockLevel, { warehouse, productId }))!.tier;
  const { version } = await page(42);
  expect([await page(42), await page(41)]).toMatchObject([{ tier: 'redis' }, { tier: 'redis' }]);
  expect(await level('north', 42)).toBe('redis');

  // #region evict
  await everwarm.evict(productPage, 42); // gone from both stores when this resolves; whoever asks is answered from the tables
  // #endregion
  expect(await page(42)).toMatchObject({ tier: 'source', version: null });
  expect(await page(41)).toMatchObject({ tier: 'redis' });
  expect(await reader.get(productPage, 42)).toMatchObject({ id: 42, reviewCount: 2 });

  // #region evict-where
  await everwarm.evictWhere(stockLevel, { warehouse: 'north' }); // the first columns of a composite key are its namespace
  await everwarm.clear(productPage); // all of them
  // #endregion
  expect([await level('north', 42), await level('north', 41), await level('south', 42)]).toEqual(['source', 'source', 'redis']);
  expect(await page(41)).toMatchObject({ tier: 'source', version: null });

  await shop.db.execute(`update stock set count = 7 where warehouse = 'north'`);
  await everwarm.start();
  await everwarm.settled();
  const back = await page(42);
  expect(back.tier).toBe('redis');
  expect(back.version! > version!).toBe(true);
  expect(await reader.get(stockLevel, { warehouse: 'north', productId: 42 })).toEqual({ count: 7 });
  expect(await reader.get(stockLevel, { warehouse: 'south', productId: 42 })).toEqual({ count: 10 });
  expect(await everwarm.verify(productPage)).toMatchObject({ checked: 30, differing: 0 });
});
