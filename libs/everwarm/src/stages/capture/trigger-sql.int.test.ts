import { createDatabase, waitFor } from '@everwarm/testkit';
import type { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { maskOf } from '#contracts/change.ts';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import { installCapture } from './install.ts';
import type { Watch } from './watch-list.ts';

const watch: Watch = {
  table: { schema: 'public', name: 'Crate "9"' },
  links: ['Day', 'crateNo'],
  columns: ['Day', 'crateNo', 'price', 'spec', 'span'],
};

const template = {
  key: 'capture stage',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await migrateSchema(postgres.transactions);
    await postgres.transactions.query(
      `create table "Crate ""9""" ("Day" date, "crateNo" integer, price numeric, spec json, span interval, note text, primary key ("Day", "crateNo"))`,
    );
    await postgres.close();
  },
};

async function openTable() {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const postgres = openPostgres(database.urlFor('capture stage'), { max: 2 });
  onTestFinished(() => postgres.close());
  return { db: postgres.transactions, pool: database.pool };
}

type Row = { mask: string; vals: string[] | null };

/** What a statement adds to the outbox. */
async function changesOf(pool: Pool, sql: string): Promise<Row[]> {
  await pool.query('truncate everwarm.outbox');
  await pool.query(sql);
  return (await pool.query<Row>('select mask::text, vals from everwarm.outbox order by vals')).rows;
}

const source = { id: 1, ...watch };
const masked = (...columns: string[]) => String(maskOf(source, columns));
const crate = (number: number) => ['2024-02-01', String(number)];
const add = (from: number, to: number) =>
  `insert into "Crate ""9""" select '2024-02-01', i, 1.0, '{"a":1}', '1 day' from generate_series(${from}, ${to}) i`;

test('columns are compared by what their text would be', async () => {
  const { db, pool } = await openTable();
  await installCapture(db, [watch]);
  await pool.query(add(1, 1));
  const set = (assignment: string) => changesOf(pool, `update "Crate ""9""" set ${assignment}`);
  // All of these are "not distinct" to Postgres, or fail the statement because json has no equality.
  expect(await set(`price = 1.00`)).toEqual([{ mask: masked('price'), vals: crate(1) }]);
  expect(await set(`span = '24 hours'`)).toEqual([{ mask: masked('span'), vals: crate(1) }]);
  expect(await set(`spec = '{"a": 1}'`)).toEqual([{ mask: masked('spec'), vals: crate(1) }]);
  expect(await set(`price = 2, spec = null`)).toEqual([{ mask: masked('price', 'spec'), vals: crate(1) }]);
  expect(await set(`price = price, spec = spec, note = 'unwatched'`)).toEqual([]);
  expect(await set(`"crateNo" = 2`)).toEqual([
    { mask: '-1', vals: crate(1) },
    { mask: '-1', vals: crate(2) },
  ]);
});

test("a key's text does not depend on the writer's session, nor its schema on the writer's path", async () => {
  const { db, pool } = await openTable();
  await installCapture(db, [watch]);
  const client = await pool.connect();
  try {
    await client.query(`set datestyle = 'SQL, DMY'; set search_path = ''; set standard_conforming_strings = off`);
    await client.query(`insert into public."Crate ""9""" values (date '01/02/2024', 5)`);
  } finally {
    client.release(true);
  }
  expect((await pool.query('select vals from everwarm.outbox')).rows).toEqual([{ vals: crate(5) }]);
});

test('who may write the table needs no right to anything of the engine', async () => {
  const { db, pool } = await openTable();
  await installCapture(db, [watch]);
  const role = `clerk_${process.pid}`;
  await pool.query(`create role ${role}; grant insert on "Crate ""9""" to ${role}`);
  const client = await pool.connect();
  try {
    await client.query(`set role ${role}`);
    await client.query(`insert into "Crate ""9""" values ('2024-02-01', 6)`);
    await expect(client.query('select from everwarm.outbox')).rejects.toThrow(/permission denied/);
  } finally {
    client.release(true);
  }
  expect((await pool.query('select vals from everwarm.outbox')).rows).toEqual([{ vals: crate(6) }]);
  await pool.query(`drop owned by ${role}; drop role ${role}`);
});

test('a bulk update keeps its own plan after a small one in the same session', async () => {
  const { db, pool } = await openTable();
  await installCapture(db, [watch]);
  await pool.query(add(1, 20_000));
  const client = await pool.connect();
  try {
    await client.query(`update "Crate ""9""" set price = 2 where "crateNo" = 1`);
    await client.query('set statement_timeout = 15000');
    // An inner join of the transition tables took 24.7 s for this.
    await client.query(`update "Crate ""9""" set price = 3`);
  } finally {
    client.release(true);
  }
  expect((await pool.query(`select count(distinct vals)::int as count from everwarm.outbox where mask = ${masked('price')}`)).rows).toEqual(
    [{ count: 20_000 }],
  );
});

test('installing waits for open writers without making others wait, and is idempotent', async () => {
  const { db, pool } = await openTable();
  const writer = await pool.connect();
  try {
    await writer.query(`begin; ${add(1, 1)}`);
    const installing = installCapture(db, [watch]);
    await waitFor(
      async () => (await pool.query(`select from pg_locks where not granted and relation = '"Crate ""9"""'::regclass`)).rowCount,
      {
        what: 'the installation to meet the writer',
      },
    );
    // Whoever queues behind the installation's lock request gets through when it gives up, and long before it succeeds.
    const other = await pool.connect();
    await other.query(`begin; set local statement_timeout = 5000; ${add(2, 2)}; commit`).finally(() => other.release());
    await writer.query('commit');
    expect(await installing).toEqual([{ table: watch.table, unseen: true }]);
  } finally {
    writer.release();
  }
  expect(await installCapture(db, [watch])).toEqual([]);
  expect(await changesOf(pool, add(3, 3))).toEqual([{ mask: '-1', vals: crate(3) }]);
});

test('a trigger that somebody switched off is put right', async () => {
  const { db, pool } = await openTable();
  await installCapture(db, [watch]);
  await pool.query(`alter table "Crate ""9""" enable trigger everwarm_capture_insert`);
  expect(await changesOf(pool, `begin; set local session_replication_role = replica; ${add(1, 1)}; commit`)).toEqual([]);
  expect(await installCapture(db, [watch])).toEqual([{ table: watch.table, unseen: true }]);
  expect(await changesOf(pool, `begin; set local session_replication_role = replica; ${add(2, 2)}; commit`)).toHaveLength(1);
  // A function that watches one column more was never off.
  expect(await installCapture(db, [{ ...watch, columns: [...watch.columns, 'note'] }])).toEqual([{ table: watch.table, unseen: false }]);
});
