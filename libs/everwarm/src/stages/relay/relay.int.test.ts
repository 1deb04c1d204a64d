import { createDatabase, waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import type { Transactions } from '#contracts/database.ts';
import type { Generations } from '#contracts/generations.ts';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import { oweKeys } from './owe.ts';
import { batchSize } from './poll.ts';
import { Relay } from './relay.ts';

/** A relay that has not begun, without queues, and one generation whose keys are touched by hand. */
async function openRelay() {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const { transactions: db, pool, ...postgres } = openPostgres(database.urlFor('relay'), { max: 6 });
  onTestFinished(() => postgres.close());
  await migrateSchema(db);
  const generation = { id: 1, name: 'one', hash: 'a', state: 'serving', stalled: null, lifecycle: 'async', model: { dependencies: [] } };
  const failures: unknown[] = [];
  const relay = new Relay({
    id: 'relay',
    pool,
    db,
    lanes: { isReachable: () => false, shared: undefined as never, own: async () => new Map() },
    generations: { live: async () => [generation] } as unknown as Generations,
    fuse: () => Number.POSITIVE_INFINITY,
    onError: (error) => failures.push(error),
  });
  onTestFinished(() => relay.stop());
  return { database, db, pool, relay, failures };
}

/** Touches keys in one transaction; the outbox gives them back in this order. */
const touch = (db: Transactions, keys: readonly string[]) =>
  db.query(
    `insert into everwarm.outbox (slot, source, mask, vals) select slot, s.id, -1, array['one', k.key]
from everwarm.outbox_slot, everwarm.sources s, unnest($1::text[]) with ordinality as k (key, n) where s.table_name = 'touch' order by k.n`,
    [keys],
  );

const owe = (db: Transactions, keys: readonly string[]) =>
  db.transaction((tx) =>
    oweKeys(
      tx,
      keys.map((key) => ({ generation: 1, key, since: Date.now() })),
      false,
    ),
  );

const lock = `select from everwarm.ledger where key = $1 for update nowait`;

test('more than one batch is delivered beside acknowledgements, whatever the order of its changes', async () => {
  const { database, db, pool, relay, failures } = await openRelay();
  await owe(db, ['a', 'b 1']);
  await touch(db, [...Array.from({ length: batchSize }, (_, index) => `b ${index}`), 'a']);

  // As an acknowledgement does, which has come to the first of its keys in their order.
  const acknowledging = await pool.connect();
  onTestFinished(() => acknowledging.release(true));
  await acknowledging.query('begin');
  await acknowledging.query(lock, ['a']);
  relay.run();
  const waiting = `select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock' and query like 'insert into everwarm.ledger%'`;
  await waitFor(async () => (await db.query(waiting, [database.name])).rowCount === 1, { what: 'the relay to wait for the last key' });

  expect((await acknowledging.query(lock, ['b 1'])).rowCount, 'what it owed before, nobody holds').toBe(1);
  await acknowledging.query('commit');
  const delivered = `select from everwarm.outbox o, everwarm.relay r where not pg_visible_in_snapshot(o.xid, r.snapshot::pg_snapshot)`;
  await waitFor(async () => (await db.query(delivered)).rowCount === 0, { what: 'the delivery' });
  const { rows } = await db.query<{ owed: number }>('select count(*)::integer as owed from everwarm.ledger');
  expect(rows[0]!.owed).toBe(batchSize + 1);
  expect(failures).toEqual([]);
});
