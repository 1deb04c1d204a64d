import { createReader } from 'everwarm/reader';
import { expect, onTestFinished, test } from 'vitest';
import { isBackground, postgresStatements, redisCommands } from '../fixtures/said.ts';
import { tap } from '../fixtures/tap.ts';
import { openDepot } from '../laws/fixtures/open-depot.ts';
import { supplierCard, supplierOrders } from '../laws/fixtures/read-models.ts';

/** Fifty suppliers, the first of which has 25 orders, all in Redis, and a reader whose words are heard. */
async function openHeard() {
  const depot = await openDepot();
  await depot.pool.query(`
    insert into "Depot"."Supplier" ("supplierId", "legal Name") select n, 'S' || n from generate_series(1, 50) n;
    insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") select 'north', n, 1, 'Order', now() + n * interval '1 s' from generate_series(1, 25) n`);
  await depot.everwarm.settled();
  const redis = await tap(depot.redisUrl, redisCommands);
  onTestFinished(() => redis.close());
  const postgres = await tap(depot.database.urlFor('reader'), postgresStatements);
  onTestFinished(() => postgres.close());
  const reader = createReader({ postgres: postgres.url, redis: redis.url, namespace: depot.space.namespace });
  onTestFinished(() => reader.stop());
  await reader.connect();
  const once = async (read: () => Promise<unknown>) => {
    for (const way of [redis, postgres]) {
      way.heard();
      way.turns();
    }
    await read();
    const commands = redis.heard().filter((command) => !isBackground(command));
    return {
      turns: redis.turns(),
      commands: commands.map((command) => command.split(' ', 1)[0]),
      statements: postgres.heard().filter((statement) => !isBackground(statement)),
    };
  };
  /** What a read costs. What a reader says without being asked may come between: of some attempts the least counts. */
  const costOf = async (read: () => Promise<unknown>) => {
    const attempts = [];
    for (let attempt = 0; attempt < 4; attempt++) attempts.push(await once(read));
    return attempts.reduce((least, other) => (other.turns < least.turns ? other : least));
  };
  return { reader, costOf };
}

test('fifty documents are one round trip, and a page of twenty is two, of which none goes to Postgres', async () => {
  const { reader, costOf } = await openHeard();
  const keys = Array.from({ length: 50 }, (_, index) => index + 1);
  expect(await costOf(() => reader.raw(supplierCard, 1))).toEqual({ turns: 1, commands: ['mget'], statements: [] });
  expect(await costOf(() => reader.rawMany(supplierCard, keys))).toEqual({ turns: 1, commands: ['mget'], statements: [] });
  const together = () => Promise.all(keys.map((key) => reader.raw(supplierCard, key)));
  expect(await costOf(together), 'fifty readers of one moment').toEqual({ turns: 1, commands: ['mget'], statements: [] });
  const { next } = await reader.rawList(supplierOrders, 1, { limit: 2 });
  for (const options of [{}, { after: next }])
    expect(await costOf(() => reader.rawList(supplierOrders, 1, { limit: 20, ...options }))).toEqual({
      turns: 2,
      commands: ['evalsha', 'mget'],
      statements: [],
    });
});
