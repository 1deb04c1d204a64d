import { waitFor } from '@everwarm/testkit';
import type { AnyModel } from 'everwarm';
import type { Reader, Tier } from 'everwarm/reader';
import { tokenOf } from 'everwarm/reader';
import { expect, test } from 'vitest';
import { documentKey, leaseKey, pageKey } from '../../libs/everwarm/src/contracts/names.ts';
import { servingId } from '../laws/fixtures/copies.ts';
import { type Depot, openDepot } from '../laws/fixtures/open-depot.ts';
import { openReader } from '../laws/fixtures/open-reader.ts';
import { orderSheet, supplierCard, supplierOrders } from '../laws/fixtures/read-models.ts';

/** What is counted of one tier, in this order. */
const names = ['hits', 'misses', 'stale', 'waits', 'errors'] as const;
type Counted = Partial<Record<Tier, Partial<Record<(typeof names)[number], number>>>>;

/** What a reader has counted of a model until now, by tier. */
const countsOf = (reader: Reader, { name }: AnyModel) => reader.stats().models[name];

/** What a reader counts of a model while it does this; what is 0 is left out. */
async function counted(reader: Reader, model: AnyModel, action: () => Promise<unknown>): Promise<Counted> {
  const before = countsOf(reader, model);
  await action();
  const after = Object.entries(countsOf(reader, model) ?? {});
  const more = after.map(([tier, counts]) => {
    const grown = names.map((name) => [name, counts[name] - (before?.[tier as Tier][name] ?? 0)] as const);
    return [tier, Object.fromEntries(grown.filter(([, by]) => by !== 0))] as const;
  });
  return Object.fromEntries(more.filter(([, grown]) => Object.keys(grown).length > 0));
}

/** Three suppliers of two orders each, in both stores, and no worker any more. */
async function openCounted(): Promise<Depot> {
  const depot = await openDepot();
  await depot.pool.query(`
    insert into "Depot"."Supplier" ("supplierId", "legal Name") select n, 'S' || n from generate_series(1, 3) n;
    insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") select 'north', n, 1 + n % 3, 'Order', now() from generate_series(1, 6) n`);
  await depot.everwarm.settled();
  await depot.everwarm.stop();
  return depot;
}

test('a list that Redis fails to tell is an error of Redis, and not a miss', async () => {
  const depot = await openCounted();
  const { reader, redis } = await openReader(depot);
  const page = () => reader.rawList(supplierOrders, 1);
  expect(await counted(reader, supplierOrders, page)).toEqual({ redis: { hits: 1 } });
  const name = pageKey(depot.space, await servingId(depot.pool, supplierOrders), '1');
  await depot.redis.set(name, 'no list of ours');
  expect(await counted(reader, supplierOrders, page)).toEqual({ redis: { errors: 1 }, postgres: { hits: 1 } });
  await depot.redis.del(name);
  expect(await counted(reader, supplierOrders, page)).toEqual({ redis: { misses: 1 }, postgres: { hits: 1 } });
  redis.stall();
  const asked = page();
  await new Promise((resolve) => setImmediate(resolve));
  redis.cut();
  expect(await counted(reader, supplierOrders, () => asked)).toEqual({ redis: { errors: 1 }, postgres: { hits: 1 } });
});

test('each tier counts what became of the reads that came to it', async () => {
  const depot = await openCounted();
  const { reader, redis, postgres } = await openReader(depot);
  const id = await servingId(depot.pool, supplierCard);
  const of = (action: () => Promise<unknown>, model: AnyModel = supplierCard) => counted(reader, model, action);
  const one = (key: number) => () => reader.raw(supplierCard, key);
  const forget = (key: number) => depot.redis.del(documentKey(depot.space, id, String(key)));

  expect(await of(one(1)), 'what Redis has').toEqual({ redis: { hits: 1 } });
  await forget(1);
  expect(await of(one(1)), 'what Postgres alone has').toEqual({ redis: { misses: 1 }, postgres: { hits: 1 } });
  const nowhere = { redis: { misses: 1 }, postgres: { misses: 1 }, source: { hits: 1 } };
  expect(await of(one(70)), 'what no store has').toEqual(nowhere);
  expect(await of(() => reader.rawMany(supplierCard, [1, 2, 3, 71])), 'some of each').toEqual({
    redis: { hits: 2, misses: 2 },
    postgres: { hits: 1, misses: 1 },
    source: { hits: 1 },
  });
  expect(await of(() => reader.rawList(supplierOrders, 1), orderSheet), 'the items of a page').toEqual({ redis: { hits: 2 } });

  expect(await of(() => Promise.all([one(72)(), one(72)(), one(72)()])), 'three readers of one answer').toEqual({
    redis: { misses: 3 },
    postgres: { misses: 1, waits: 2 },
    source: { hits: 1 },
  });
  const lease = leaseKey(depot.space, id, '73');
  await depot.redis.set(lease, 'Lof another process');
  const waiting = of(one(73));
  const waits = () => countsOf(reader, supplierCard)?.source.waits;
  await waitFor(() => waits() === 1, { what: 'the reader to wait for the lease' });
  await depot.redis.del(lease);
  expect(await waiting, 'a reader that waited for a lease').toEqual({ ...nowhere, source: { hits: 1, waits: 1 } });

  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'Later' where "supplierId" = 2`);
  const after = await tokenOf(depot.pool);
  const late = { after, timeoutMs: 5 };
  expect(await of(() => reader.raw(supplierCard, 2, { ...late, onTimeout: 'stale' })), 'what is stale, as told').toEqual({
    redis: { hits: 1, waits: 1, stale: 1 },
  });
  expect(await of(() => reader.raw(supplierCard, 2, late)), 'what the sources have').toEqual({ redis: { waits: 1 }, source: { hits: 1 } });
  const page = (onTimeout: 'source' | 'stale') => () => reader.rawList(supplierOrders, 1, { afterToken: after, timeoutMs: 5, onTimeout });
  expect(await of(page('stale'), supplierOrders), 'a page that is stale, as told').toEqual({ redis: { hits: 1, waits: 1, stale: 1 } });
  expect(await of(page('source'), supplierOrders), 'a page of the sources').toEqual({ redis: { waits: 1 }, source: { hits: 1 } });

  redis.stall();
  const asked = [one(3)(), reader.rawMany(supplierCard, [2, 3])];
  await new Promise((resolve) => setImmediate(resolve));
  redis.cut();
  expect(await of(() => Promise.all(asked)), 'Redis fails').toEqual({
    redis: { errors: 2 },
    postgres: { hits: 2, misses: 1 },
    source: { hits: 1 },
  });
  postgres.cut();
  expect(await of(() => one(3)().catch(() => undefined)), 'Postgres fails').toEqual({ postgres: { errors: 1 } });
});

test('memory counts what it knows and what it does not', async () => {
  const depot = await openCounted();
  const { reader } = await openReader(depot, { maxBytes: 2 ** 20, maxAgeMs: 600_000 });
  const read = (key: number) => () => reader.raw(supplierCard, key);
  await waitFor(async () => (await reader.raw(supplierCard, 1))?.tier === 'memory', { what: 'memory to be on' });
  expect(await counted(reader, supplierCard, read(1))).toEqual({ memory: { hits: 1 } });
  expect(await counted(reader, supplierCard, read(2))).toEqual({ memory: { misses: 1 }, redis: { hits: 1 } });
  expect(await counted(reader, supplierCard, () => reader.rawMany(supplierCard, [1, 2, 3]))).toEqual({
    memory: { hits: 2, misses: 1 },
    redis: { hits: 1 },
  });
});
