import { seededRandom, waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { documentKey, documentPrefix, listPrefix, presenceKey, queuePrefix } from '../../libs/everwarm/src/contracts/names.ts';
import { servingId } from './fixtures/copies.ts';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { queueOf } from './fixtures/queue-of.ts';
import { supplierCard } from './fixtures/read-models.ts';
import { stockDepot, writeRandomly } from './fixtures/write-randomly.ts';

/** A depot with something in it, in both stores, on a Redis of its own. */
async function setup(persistent = false) {
  const random = seededRandom('law 12');
  const depot = await openDepot({ ownRedis: persistent ? 'persistent' : true });
  await stockDepot(depot.pool);
  await writeRandomly(depot.pool, random, 30);
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (101, 'Stays'), (102, 'Goes')`);
  await depot.everwarm.settled();
  const write = () => writeRandomly(depot.pool, random, 30);
  const before = depot.failures.length;
  const told = (words: string) => depot.failures.slice(before).filter((failure) => failure.includes(words));
  return { depot, random, write, told, server: depot.redisServer! };
}

const count = async (depot: Depot, table: 'ledger' | 'redis_owed'): Promise<number> =>
  Number((await depot.pool.query<{ n: string }>(`select count(*)::text as n from everwarm.${table}`)).rows[0]!.n);

/** Waits until Postgres has everything, and owes it to Redis rather than to itself. */
const drained = (depot: Depot) =>
  waitFor(async () => (await count(depot, 'ledger')) === 0 && (await count(depot, 'redis_owed')) > 0, {
    what: 'the ledger to be drained without Redis',
    timeoutMs: 30_000,
  });

/** All names of this depot in Redis that begin so. */
async function namesOf(depot: Depot, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const some of depot.redis.scanStream({ match: `${prefix.replace(/[\\*?[\]{}]/g, '\\$&')}*`, count: 1000 }))
    names.push(...some);
  return names;
}

test.each([
  ['empty', false],
  ['with what it held', true],
])('a Redis that is killed and comes back %s has everything again', async (_, persistent) => {
  const { depot, write, told, server } = await setup(persistent);
  await server.kill();
  await write();
  await drained(depot);
  await write();
  await server.start();
  await write();
  await expectEquivalence(depot);
  expect(await count(depot, 'redis_owed')).toBe(0);
  expect(told('Redis is behind')).toEqual([expect.stringContaining('cannot be reached')]);
  expect(told('Redis is whole again')).toHaveLength(1);
});

test('a Redis that froze is given what it missed, and only that', async () => {
  const { depot, write, server } = await setup();
  const untouched = documentKey(depot.space, await servingId(depot.pool, supplierCard), '102');
  server.freeze();
  onTestFinished(() => server.thaw());
  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'written without Redis' where "supplierId" = 101`);
  await drained(depot);
  server.thaw();
  await waitFor(async () => (await depot.everwarm.reader.raw(supplierCard, 101))?.tier === 'redis', { what: 'Redis to answer again' });
  await write();
  await expectEquivalence(depot);
  expect(await depot.redis.exists(untouched)).toBe(1);
});

test('thousands of keys that change while Redis is away are in Postgres at once, and in Redis when it returns', async () => {
  const { depot, server } = await setup(true);
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") select n, 'Busy' from generate_series(103, 106) n`);
  await server.kill();
  await depot.pool.query(`
    insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt")
    select 'north', n, 103 + n % 4, 'Order ' || n, timestamptz '2024-03-01' + n * interval '1 second' from generate_series(1000, 4000) n`);
  await drained(depot);
  expect(await depot.everwarm.reader.get(supplierCard, 101)).toMatchObject({ legalName: 'Stays' });
  await server.start();
  expect(await expectEquivalence(depot)).toBeGreaterThan(3000);
});

test('a Redis that is emptied is filled again while others write', async () => {
  const { depot, write } = await setup();
  await Promise.all([write(), depot.redis.flushall()]);
  await expectEquivalence(depot);
});

test('a Redis that is restored from an older copy is brought up to date', async () => {
  const { depot, write, server } = await setup();
  await depot.redis.save();
  await write();
  await depot.pool.query(`delete from "Depot"."Order"; delete from "Depot"."Supplier" where "supplierId" = 102`);
  await depot.everwarm.settled();
  await server.kill();
  await server.start();
  // What it came back with is older, and says so.
  expect(await depot.redis.get(presenceKey(depot.space))).not.toBeNull();
  await expectEquivalence(depot);
});

test('keys deleted at random come back by themselves, pages of lists too', async () => {
  const { depot, random } = await setup();
  const names = [...(await namesOf(depot, documentPrefix(depot.space, 1))), ...(await namesOf(depot, listPrefix(depot.space, 1)))];
  const all = [
    ...new Set([
      ...names,
      ...(await namesOf(depot, `${depot.space.namespace}:{`)),
      ...(await namesOf(depot, documentPrefix(depot.space, 2))),
    ]),
  ];
  const gone = all.filter(() => random.chance(0.5));
  expect(gone.length).toBeGreaterThan(2);
  await depot.redis.del(gone);
  await waitFor(async () => (await depot.redis.exists(gone)) >= gone.filter((name) => !name.includes('{')).length, {
    what: 'the deleted documents to be written again',
    timeoutMs: 30_000,
  });
  await waitFor(() => expectEquivalence(depot).then(() => true), { what: 'equivalence', timeoutMs: 30_000 });
});

test('work goes on whatever BullMQ loses of its keys', async () => {
  const { depot, write } = await setup();
  const queue = `${queuePrefix(depot.space.namespace)}:recompute:`;
  for (const part of ['meta', 'marker', 'wait', 'active', 'id', 'events', 'all of them']) {
    const lose = async () => {
      const names = part === 'all of them' ? await namesOf(depot, queue) : [queue + part];
      if (names.length > 0) await depot.redis.del(names);
    };
    const writing = write();
    for (let times = 0; times < 5; times++) await lose();
    await writing;
    await lose();
    await write();
    await lose();
    expect(await expectEquivalence(depot), part).toBeGreaterThan(0);
  }
});

test('a Redis out of memory stops nobody: Postgres is written on and answers, and Redis is given the rest when it can take it', async () => {
  const { depot, write, told } = await setup();
  await depot.redis.config('SET', 'maxmemory', '1');
  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'written into a full Redis' where "supplierId" = 101`);
  await waitFor(async () => (await depot.everwarm.reader.get(supplierCard, 101))?.legalName === 'written into a full Redis', {
    what: 'the write to be read',
  });
  await write();
  await drained(depot);
  expect(told('Redis is behind')).toEqual([expect.stringContaining('out of memory')]);
  await depot.redis.config('SET', 'maxmemory', '0');
  await expectEquivalence(depot);
});

test('a queue that nobody takes from holds up nobody for long', async () => {
  const { depot, write } = await setup();
  await queueOf(depot).pause();
  await write();
  // The lane has room for many jobs more: that none runs is found out by the age of what is owed.
  await expectEquivalence(depot, 25_000);
});
