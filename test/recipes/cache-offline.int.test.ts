import { waitFor } from '@everwarm/testkit';
import { eq } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { openShop } from './open-shop.ts';
import { productPage, products } from './shop.ts';

test('cache offline: answers stay right, come from Postgres, and from Redis again when it is back', async () => {
  const { db, reader, redis, stop } = await openShop();
  onTestFinished(stop);
  const read = async () => {
    // #region offline
    const found = await reader.raw(productPage, 42);
    console.log(found?.tier); // 'redis'; while Redis is away 'postgres'
    // #endregion
    return found;
  };
  expect((await read())?.tier).toBe('redis');
  await redis.kill();
  expect((await read())?.tier).toBe('postgres');
  await db.update(products).set({ price: 5 }).where(eq(products.id, 42));
  await waitFor(async () => (await reader.get(productPage, 42))?.price === 5, { what: 'the new price without Redis', timeoutMs: 30_000 });
  await redis.start();
  await waitFor(async () => (await read())?.tier === 'redis', { what: 'Redis to answer again', timeoutMs: 30_000 });
  expect((await reader.get(productPage, 42))?.price).toBe(5);
});
