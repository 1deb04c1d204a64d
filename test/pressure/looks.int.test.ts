import type { PoolClient } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { Database, Transactions } from '../../libs/everwarm/src/contracts/database.ts';
import { parseSnapshot } from '../../libs/everwarm/src/contracts/snapshot.ts';
import { ledgerSql } from '../../libs/everwarm/src/operations/observe/ledger-status.ts';
import { openPostgres } from '../../libs/everwarm/src/platform/postgres.ts';
import { holdMarks, ledgerCounter, lowerMarks } from '../../libs/everwarm/src/stages/relay/count-ledger.ts';
import { oweBulk, oweKeys } from '../../libs/everwarm/src/stages/relay/owe.ts';
import { poll } from '../../libs/everwarm/src/stages/relay/poll.ts';
import { dueSql } from '../../libs/everwarm/src/stages/relay/refill.ts';
import { type Depot, openDepot } from '../laws/fixtures/open-depot.ts';

/* What looks at the ledger costs what it finds, whatever else is owed, and whatever was written while a transaction is open. */

const byIndex = 'set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off';

/** An open transaction: nothing that is deleted from now on can be vacuumed. */
async function openTransaction({ pool }: Depot): Promise<PoolClient> {
  const client = await pool.connect();
  await client.query('begin isolation level repeatable read');
  await client.query('select pg_current_xact_id()');
  onTestFinished(async () => {
    await client.query('rollback');
    client.release();
  });
  return client;
}

/** Owes keys, the first a second older than the last. */
const owe = ({ pool }: Depot, from: number, to: number) =>
  pool.query(
    `insert into everwarm.ledger (generation, key, since) select 1, i::text, to_timestamp(1000000 + i / ${to}::float8) from generate_series(${from}, ${to}) i`,
  );

/** The buffers that a statement touches, planned as the ledger's statistics are when a flood comes: of an empty one. */
async function buffersOf({ pool }: Depot, sql: string, values: unknown[]): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query(`begin; ${byIndex}`);
    const { rows } = await client.query(`explain (analyze, buffers, format json) ${sql}`, values);
    await client.query('rollback');
    const { 'Shared Hit Blocks': hit, 'Shared Read Blocks': read } = rows[0]['QUERY PLAN'][0].Plan as Record<string, number>;
    return (hit ?? 0) + (read ?? 0);
  } finally {
    client.release();
  }
}

async function openOwing(): Promise<{ depot: Depot; db: Transactions }> {
  const depot = await openDepot({ start: false });
  const postgres = openPostgres(depot.database.urlFor('everwarm'), { max: 2 });
  onTestFinished(() => postgres.close());
  await depot.pool.query('vacuum analyze everwarm.ledger');
  return { depot, db: postgres.transactions };
}

const due = [300, [], false, false];

test('to enqueue the next keys and to tell what is owed cost the same before 40,000 keys and behind 40,000 that are written', async () => {
  const { depot, db } = await openOwing();
  await owe(depot, 1, 2500);
  const few = { due: await buffersOf(depot, dueSql, due), status: await buffersOf(depot, ledgerSql, []) };
  await openTransaction(depot);
  await owe(depot, 2501, 85_000);
  await depot.pool.query(`delete from everwarm.ledger where key::integer <= 42500`);
  const unmarked = await buffersOf(depot, dueSql, due);
  await ledgerCounter(db)();
  const many = { due: await buffersOf(depot, dueSql, due), status: await buffersOf(depot, ledgerSql, []) };
  expect(unmarked, 'without the mark all that is dead is read').toBeGreaterThan(many.due + 1000);
  expect(many.due).toBeLessThanOrEqual(few.due * 2);
  expect(many.status).toBeLessThanOrEqual(few.status * 2);

  const [status] = (await depot.everwarm.status()).models.filter(({ generation }) => generation === 1);
  expect(status).toMatchObject({ pending: 42_500, about: ['pending'] });
  const { rows } = await depot.pool.query<{ since: Date }>('select min(since) as since from everwarm.ledger');
  expect(status!.lagMs).toBeGreaterThanOrEqual(Date.now() - rows[0]!.since.getTime() - 60_000);
  expect(status!.lagMs).toBeLessThanOrEqual(Date.now() - rows[0]!.since.getTime() + 60_000);
});

test('few keys are counted, and not estimated', async () => {
  const { depot, db } = await openOwing();
  await owe(depot, 1, 700);
  await ledgerCounter(db)();
  await depot.pool.query('delete from everwarm.ledger where key::integer > 650');
  const [status] = (await depot.everwarm.status()).models.filter(({ generation }) => generation === 1);
  expect(status).toMatchObject({ pending: 650, about: [] });
});

test('few documents are counted, and those with many versions that nobody may vacuum are estimated', async () => {
  const { depot } = await openOwing();
  const documents = async () => (await depot.everwarm.status()).models.find(({ generation }) => generation === 1);
  const { rows } = await depot.pool.query<{ n: number }>('select count(*)::integer as n from everwarm.projection_1 where doc is not null');
  expect(await documents()).toMatchObject({ documents: rows[0]!.n, about: [] });
  const writer = await openTransaction(depot);
  await writer.query(`insert into everwarm.projection_1 (key, version, as_of, doc)
    select 'filler ' || n, '1', now(), (select string_agg(md5(n::text || part), '') from generate_series(1, 55) part) from generate_series(1, 300) n`);
  await writer.query(
    `do $$ begin for i in 1 .. 60 loop update everwarm.projection_1 set version = i where key like 'filler%'; end loop; end $$`,
  );
  expect(await documents()).toMatchObject({ about: ['documents'] });
});

test('a backlog that is delivered between the look at the ledger and the note of its mark is seen', async () => {
  const { depot, db } = await openOwing();
  await ledgerCounter(db)();
  await depot.pool.query(`update everwarm.ledger_marks set oldest = now() - interval '1 hour'`);
  let delivered = false;
  const late: Transactions = {
    ...db,
    transaction: async (...given) => {
      if (!delivered)
        await db.query(`insert into everwarm.ledger (generation, key, since) values (1, 'late', now() - interval '1 minute')`);
      delivered = true;
      return db.transaction(...given);
    },
  };
  // Many keys came and went meanwhile, so that a note is worth it.
  await depot.pool.query(`select setval('everwarm.ledger_seq', nextval('everwarm.ledger_seq') + 5000)`);
  await ledgerCounter(late)();
  expect(delivered).toBe(true);
  const [status] = (await depot.everwarm.status()).models.filter(({ generation }) => generation === 1);
  expect(status!.lagMs).toBeGreaterThanOrEqual(60_000);
  expect((await depot.pool.query(dueSql, [300, [], false, false])).rows).toMatchObject([{ key: 'late' }]);
});

test('while somebody owes keys who saw the mark as it was, it is not raised past them', async () => {
  const { depot, db } = await openOwing();
  await ledgerCounter(db)();
  await depot.pool.query(`update everwarm.ledger_marks set oldest = now() - interval '1 hour'`);
  await depot.pool.query(`select setval('everwarm.ledger_seq', nextval('everwarm.ledger_seq') + 5000)`);
  const count = ledgerCounter(db);
  const since = Date.now() - 60_000;
  await db.transaction(
    async (tx) => {
      await tx.query(lowerMarks('$1'), [since]);
      await count();
      await oweKeys(tx, [{ generation: 1, key: 'slow', since }], false);
    },
    { opening: [holdMarks] },
  );
  const lag = async () => (await depot.everwarm.status()).models.find(({ generation }) => generation === 1)!.lagMs;
  expect(await lag()).toBeGreaterThanOrEqual(60_000);
  await count();
  expect(await lag(), 'and when nobody does, the key is counted').toBeGreaterThanOrEqual(60_000);
  expect((await depot.pool.query(dueSql, [300, [], false, false])).rows).toMatchObject([{ key: 'slow' }]);
});

test('a key that is owed for a change older than any mark is seen at once', async () => {
  const { depot, db } = await openOwing();
  await owe(depot, 1, 3000);
  await ledgerCounter(db)();
  const oldest = async () => {
    const { lagMs } = (await depot.everwarm.status()).models.find(({ generation }) => generation === 1)!;
    return Date.now() - lagMs;
  };
  expect(await oldest()).toBeGreaterThan(1_000_000_000 - 60_000);
  await db.transaction((tx) => oweBulk(tx, 1, ['late'], 500_000_000));
  expect(await oldest()).toBeLessThan(500_060_000);
  await depot.pool.query(`delete from everwarm.ledger where key = 'late'`);
  // A mark that came too late, because the count did not see the key yet, is put right by the next count.
  await depot.pool.query('update everwarm.ledger_marks set oldest = now()');
  await db.transaction((tx) => oweKeys(tx, [{ generation: 1, key: 'late', since: 500_000_000 }], false));
  expect(await buffersOf(depot, dueSql, due)).toBeGreaterThan(0);
  await ledgerCounter(db)();
  expect(await oldest()).toBeLessThan(500_060_000);
});

test('a poll reads what is new, however much an open writer keeps in the outbox', async () => {
  const { depot } = await openOwing();
  const { pool } = depot;
  const write = (rows: number) =>
    pool.query(
      `insert into everwarm.outbox (slot, source, mask, vals) select slot, 1, -1, array[i::text] from everwarm.outbox_slot, generate_series(1, ${rows}) i`,
    );
  const pollNew = async () => {
    const { rows } = await pool.query<{ now: string }>('select pg_current_snapshot()::text as now');
    await write(20);
    let read = 0;
    const explaining = {
      query: async ({ text, values }: { text: string; values: unknown[] }) => {
        read = await buffersOf(depot, text, values);
        return { rows: [] };
      },
    } as unknown as Database;
    await poll(explaining, parseSnapshot(rows[0]!.now));
    return read;
  };
  const few = await pollNew();
  const writer = await openTransaction(depot);
  await writer.query('insert into everwarm.outbox (slot, source, mask, vals) select slot, 1, -1, null from everwarm.outbox_slot');
  for (let more = 0; more < 10; more++) await write(3000);
  expect(few).toBeGreaterThan(0);
  expect(await pollNew()).toBeLessThanOrEqual(few + 20);
});
