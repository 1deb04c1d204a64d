import { waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { openReading } from '../../libs/everwarm/src/reading.ts';
import { openHeldWay } from './fixtures/hold-execute.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { queueOf } from './fixtures/queue-of.ts';
import { supplierCard } from './fixtures/read-models.ts';

type Debt = { seq: string; since: Date };

const debt = async (depot: Depot) =>
  (
    await depot.pool.query<Debt>(
      `select l.seq, l.since from everwarm.ledger l join everwarm.generations g on g.id = l.generation where g.name = 'supplier_card' and l.key = '1'`,
    )
  ).rows[0];
const lag = async (depot: Depot) => (await depot.everwarm.status()).models.find(({ name }) => name === 'supplier_card')!.lagMs;
const rename = (depot: Depot, name: string) => depot.pool.query(`update "Depot"."Supplier" set "legal Name" = $1`, [name]);

test('lag is the age of the oldest unwritten change, however often its key changes again', async () => {
  const depot = await openDepot();
  const queue = queueOf(depot);
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One')`);
  await depot.everwarm.settled();
  expect(await lag(depot)).toBe(0);

  await queue.pause();
  const before = Date.now();
  await rename(depot, 'first');
  const first = await waitFor(() => debt(depot), { what: 'the key to be owed' });
  // The change is as old as its statement; the two clocks are one machine's.
  expect(first.since.getTime()).toBeGreaterThanOrEqual(before - 1);
  for (let again = 1; again <= 3; again++) {
    const { seq } = (await debt(depot))!;
    await rename(depot, `again ${again}`);
    const later = await waitFor(async () => ((await debt(depot))!.seq === seq ? null : debt(depot)), { what: 'the key to be owed anew' });
    expect(later!.since).toEqual(first.since);
  }
  const asked = Date.now();
  expect(await lag(depot)).toBeGreaterThanOrEqual(asked - first.since.getTime());

  await queue.resume();
  await depot.everwarm.settled();
  expect(await lag(depot)).toBe(0);
});

test('what no relay has read yet is told as well', async () => {
  const depot = await openDepot({ start: false });
  const before = Date.now();
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One')`);
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (2, 'Two')`);
  const written = Date.now();
  await waitFor(() => Date.now() - written > 20, { what: 'the change to have an age' });
  const { outbox } = await depot.everwarm.status();
  expect(outbox).toMatchObject({ undelivered: 2, relay: 'absent' });
  expect(outbox.oldestMs).toBeGreaterThanOrEqual(20);
  expect(outbox.oldestMs).toBeLessThanOrEqual(Date.now() - before + 1);
});

test('a document says no later moment than that of the rows that it shows, however late its statement is executed', async () => {
  const depot = await openDepot({ start: false });
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'Before')`);
  const way = await openHeldWay(depot.database.urlFor('reader'));
  const reading = openReading({ postgres: way.url, redis: depot.redisUrl, namespace: depot.space.namespace });
  onTestFinished(() => reading.stop());
  const { held, release } = way.hold('version_seq');
  const asked = reading.reader.raw(supplierCard, 1);
  await held;
  // Postgres has taken the snapshot when it bound the statement.
  await rename(depot, 'Meanwhile');
  const { rows } = await depot.pool.query<{ at: number }>('select extract(epoch from clock_timestamp())::float8 * 1000 as at');
  await waitFor(() => Date.now() > rows[0]!.at + 5, { what: 'the change to be older than rounding tells' });
  release();
  const document = await asked;
  expect(document?.body.toString()).toContain('Before');
  expect(document!.asOf).toBeLessThanOrEqual(rows[0]!.at);
});
