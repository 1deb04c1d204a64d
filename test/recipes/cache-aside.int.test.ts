import { waitFor } from '@everwarm/testkit';
import { defineReadModel } from 'everwarm';
import { expect, onTestFinished, test } from 'vitest';
import { allReviews, recentReviews } from './lazy-shop.ts';
import { openShop } from './open-shop.ts';
import { reviews, schema } from './shop.ts';

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

test('stale-while-revalidate: what is over its time is given away while it is made anew, and nobody waits', async () => {
  // As on the page, with a tenth of a second for its minute.
  const soonStale = defineReadModel(schema, 'products', {
    name: recentReviews.name,
    columns: { id: true, name: true },
    with: { reviews: { columns: { stars: true, words: true } } },
    lifecycle: { lazy: { expireAfter: 100, staleWhileRevalidate: '10m' } },
  });
  const { db, everwarm, reader, stop } = await openShop([soonStale]);
  onTestFinished(stop);
  const ask = async () => (await reader.raw(soonStale, 42))!;
  const first = await ask();
  expect(first.tier).toBe('source');
  await everwarm.settled();
  await waitFor(() => Date.now() - first.asOf > 100, { what: 'its time to be over' });
  expect(await ask()).toMatchObject({ tier: 'redis', version: first.version });
  expect(reader.stats().models['recent_reviews']?.redis.stale).toBe(1);
  const { misses } = reader.stats().models['recent_reviews']!.redis;
  await waitFor(async () => (await ask()).version !== first.version, { what: 'a newer one' });
  expect(reader.stats().models['recent_reviews']?.redis.misses, 'nobody waited for it').toBe(misses);
  await db.insert(reviews).values({ productId: 42, stars: 3, words: 'Fine.' });
  await everwarm.settled();
  expect((await reader.get(soonStale, 42))?.reviews).toHaveLength(3);
});
