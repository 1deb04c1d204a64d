import { waitFor } from '@everwarm/testkit';
import { eq, sql } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { openShop } from './open-shop.ts';
import { currentOffer, offers } from './shop.ts';

test('time-based expiry: what holds for a time comes and goes at its moment', async () => {
  const { db, everwarm, reader, stop } = await openShop();
  onTestFinished(stop);
  const offer = { productId: 42, price: 99 };
  const inMs = (ms: number) => sql`now() + make_interval(secs => ${ms / 1000})`;
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
  // #region staleness
  const offer1 = await reader.get(currentOffer, 1, { maxStaleness: '2s' });
  // #endregion
  expect(offer1).toEqual({ id: 1, price: 99 });
});
