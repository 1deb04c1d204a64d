import { waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { openDepot } from './fixtures/open-depot.ts';
import { supplierCard } from './fixtures/read-models.ts';
import { readSteadily } from './fixtures/steady-readers.ts';

const suppliers = Array.from({ length: 200 }, (_, index) => index + 1);

async function setup() {
  const depot = await openDepot({ ownRedis: 'persistent' });
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") select n, 'first' from generate_series(1, 200) n`);
  await depot.everwarm.settled();
  return depot;
}

test('while Redis is emptied and filled again, readers miss no document, and the sources are asked for none', async () => {
  const depot = await setup();
  const readers = readSteadily(depot.everwarm.reader, suppliers, (_, name) => name === 'first');
  onTestFinished(() => readers.stop().catch(() => undefined));
  await waitFor(() => readers.lately('redis') > suppliers.length, { what: 'Redis to answer' });
  await depot.redis.flushall();
  await waitFor(() => readers.count('postgres') > 0, { what: 'Postgres to answer' });
  await waitFor(() => readers.lately('redis') > 5 * suppliers.length, { what: 'Redis to answer everything again', timeoutMs: 30_000 });
  await readers.stop();
  expect(readers.count('source')).toBe(0);
});

test('while Redis is stopped, readers are given everything, what is written meanwhile too; when it returns, it answers', async () => {
  const depot = await setup();
  const { everwarm, pool, redisServer } = depot;
  const readers = readSteadily(
    everwarm.reader,
    suppliers,
    (supplier, name) => name === 'first' || (supplier % 2 === 0 && name === 'second'),
  );
  onTestFinished(() => readers.stop().catch(() => undefined));
  await waitFor(() => readers.lately('redis') > suppliers.length, { what: 'Redis to answer' });
  await redisServer!.stop();
  await waitFor(() => readers.lately('postgres') > suppliers.length, { what: 'Postgres to answer' });
  await pool.query(`update "Depot"."Supplier" set "legal Name" = 'second' where "supplierId" % 2 = 0`);
  const isFresh = async () => {
    const cards = await everwarm.reader.getMany(supplierCard, suppliers);
    return cards.every((card) => card?.legalName === (Number(card?.id) % 2 === 0 ? 'second' : 'first'));
  };
  await waitFor(isFresh, { what: 'what was written to be read', timeoutMs: 30_000 });
  await redisServer!.start();
  await waitFor(() => readers.lately('redis') > 5 * suppliers.length, { what: 'Redis to answer everything again', timeoutMs: 30_000 });
  await readers.stop();
  expect(readers.count('source')).toBe(0);
  await expectEquivalence(depot);
});
