import { expect, onTestFinished, test } from 'vitest';
import { openShop } from './open-shop.ts';
import { productPage, stockLevel } from './shop.ts';

test('manual and wildcard deletion: what is evicted is gone from both stores, and comes back no older', async () => {
  const { db, everwarm, reader, stop } = await openShop();
  onTestFinished(stop);
  const evictions = async () => {
    // #region evict
    await everwarm.evict(productPage, 42); // gone from both stores when this resolves; whoever asks is answered from the tables
    // #endregion
    expect(await reader.get(productPage, 42)).toMatchObject({ id: 42, reviewCount: 2 });
    // #region evict-where
    await everwarm.evictWhere(stockLevel, { warehouse: 'north' }); // the first columns of a composite key are its namespace
    await everwarm.clear(productPage); // all of them
    // #endregion
  };
  await evictions();
  await db.execute(`update stock set count = 7 where warehouse = 'north'`);
  await everwarm.settled();
  expect(await reader.get(stockLevel, { warehouse: 'north', productId: 42 })).toEqual({ count: 7 });
  expect(await reader.get(stockLevel, { warehouse: 'south', productId: 42 })).toEqual({ count: 10 });
  expect(await everwarm.verify(productPage)).toMatchObject({ checked: 30, differing: 0 });
});
