import type { AnyModel } from 'everwarm';
import type { Reader, Tier } from 'everwarm/reader';
import { expect, test } from 'vitest';
import { pageKey } from '../../libs/everwarm/src/contracts/names.ts';
import { servingId } from '../laws/fixtures/copies.ts';
import { type Depot, openDepot } from '../laws/fixtures/open-depot.ts';
import { openReader } from '../laws/fixtures/open-reader.ts';
import { supplierOrders } from '../laws/fixtures/read-models.ts';

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
