import { expect, onTestFinished, test } from 'vitest';
import { allReviews, recentReviews } from './lazy-shop.ts';
import { openShop } from './open-shop.ts';
import { reviews } from './shop.ts';

test('cache-aside: a document is made when somebody asks for it, and a change takes it away', async () => {
  const { db, everwarm, reader, stop } = await openShop([allReviews, recentReviews]);
  onTestFinished(stop);
  const ask = async () => {
    // #region ask
    const found = await reader.raw(allReviews, 42); // the first one to ask has it made, once for all who ask meanwhile
    // #endregion
    return found && { tier: found.tier, count: JSON.parse(found.body.toString()).reviews.length };
  };
  expect(await ask()).toEqual({ tier: 'source', count: 2 });
  await everwarm.settled();
  expect(await ask()).toEqual({ tier: 'redis', count: 2 });
  await db.insert(reviews).values({ productId: 42, stars: 3, words: 'Fine.' });
  await everwarm.settled();
  expect(await ask()).toEqual({ tier: 'source', count: 3 });
});

test('stale-while-revalidate: a document that expires is a document like any other until then', async () => {
  const { db, everwarm, reader, stop } = await openShop([allReviews, recentReviews]);
  onTestFinished(stop);
  const tier = async () => (await reader.raw(recentReviews, 42))?.tier;
  expect(await tier()).toBe('source');
  await everwarm.settled();
  expect(await tier()).toBe('redis');
  await db.insert(reviews).values({ productId: 42, stars: 3, words: 'Fine.' });
  await everwarm.settled();
  expect((await reader.get(recentReviews, 42))?.reviews).toHaveLength(3);
});
