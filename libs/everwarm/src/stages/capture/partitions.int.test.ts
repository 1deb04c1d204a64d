import { createDatabase } from '@everwarm/testkit';
import type { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { migrateSchema } from '#platform/migrate-schema.ts';
import { openPostgres } from '#platform/postgres.ts';
import { readFacts } from './facts.ts';
import { installCapture } from './install.ts';
import { problemsOf } from './problems.ts';
import type { Watch } from './watch-list.ts';

const watch: Watch = { table: { schema: 'public', name: 'Reading' }, links: ['id', 'Year'], columns: ['Year', 'id', 'value'] };

/** By year, the last of them cut again by value's sign; one partition has its columns in another order and one dropped among them. */
const tables = `
create table sensor (id integer primary key);
create table "Reading" (id integer not null references sensor on delete cascade on update cascade, "Year" integer not null, value integer, note text, primary key (id, "Year")) partition by list ("Year");
create table "R1" partition of "Reading" for values in (1);
create table "R2" (note text, value integer, gone integer, "Year" integer not null, id integer not null);
alter table "R2" drop column gone;
alter table "Reading" attach partition "R2" for values in (2);
create table "R3" partition of "Reading" for values in (3, 4) partition by list ("Year");
create table "R34" partition of "R3" for values in (4);
create table "R33" partition of "R3" for values in (3);
insert into sensor select generate_series(1, 20)`;

async function openPartitioned() {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const postgres = openPostgres(database.urlFor('capture stage'), { max: 2 });
  onTestFinished(() => postgres.close());
  const db = postgres.transactions;
  await migrateSchema(db);
  await db.query(tables);
  const version = Number((await db.query<{ number: string }>(`select current_setting('server_version_num') as number`)).rows[0]!.number);
  await installCapture(db, [watch]);
  return { db, pool: database.pool, canMerge: version >= 150000 };
}

/** The keys that statements in one transaction recorded, each once; `anything` where no key is known. */
async function keysOf(pool: Pool, sql: string): Promise<string[]> {
  await pool.query('truncate everwarm.outbox');
  await pool.query(`begin; ${sql}; commit`);
  const { rows } = await pool.query<{ key: string }>(
    `select distinct coalesce(array_to_string(vals, '/'), 'anything') as key from everwarm.outbox order by 1`,
  );
  return rows.map(({ key }) => key);
}

const insert = (into: string, ...keys: readonly string[]) =>
  `insert into "${into}" (id, "Year", value) values ${keys.map((key) => `(${key.replace('/', ', ')}, 0)`).join(', ')}`;

test('a row is captured through whichever table it is written', async () => {
  const { pool } = await openPartitioned();
  expect(await keysOf(pool, insert('Reading', '1/1', '2/2', '3/3'))).toEqual(['1/1', '2/2', '3/3']);
  expect(await keysOf(pool, insert('R2', '4/2'))).toEqual(['4/2']);
  expect(await keysOf(pool, `${insert('R3', '5/3')}; ${insert('R33', '6/3')}`)).toEqual(['5/3', '6/3']);
  expect(await keysOf(pool, `update "R2" set value = 7`)).toEqual(['2/2', '4/2']);
  expect(await keysOf(pool, `update "Reading" set note = 'unwatched'`)).toEqual([]);
  expect(await keysOf(pool, `delete from "R33" where id = 6`)).toEqual(['6/3']);
  expect(await keysOf(pool, `copy "Reading" (id, "Year") from program 'echo 7,1; echo 8,4' with (format csv)`)).toEqual(['7/1', '8/4']);
  expect(await keysOf(pool, `update sensor set id = 99 where id = 1; delete from sensor where id = 2`)).toEqual(['1/1', '2/2', '99/1']);
  expect(await keysOf(pool, 'truncate "R3"')).toEqual(['anything']);
});

test('a write through the parent is recorded once', async () => {
  const { pool } = await openPartitioned();
  await keysOf(pool, insert('Reading', '1/1', '2/2', '3/3'));
  expect((await pool.query('select from everwarm.outbox')).rowCount).toBe(3);
});

test('a row that moves between partitions is captured where it was and where it is', async () => {
  const { pool, canMerge } = await openPartitioned();
  await keysOf(pool, insert('Reading', '1/1', '2/2', '3/3', '4/3'));
  expect(await keysOf(pool, `update "Reading" set "Year" = 2 where id = 1`)).toEqual(['1/1', '1/2']);
  expect(await keysOf(pool, `update "R3" set "Year" = 4 where id = 3`)).toEqual(['3/3', '3/4']);
  if (!canMerge) return;
  // The transition tables of a MERGE lack rows that it moves.
  const merge = (into: string, year: number, ...ids: readonly number[]) =>
    `merge into "${into}" r using (select unnest(array[${ids.join(', ')}]) as id) s on r.id = s.id when matched then update set "Year" = ${year}`;
  expect(await keysOf(pool, merge('Reading', 1, 1))).toEqual(['1/1', '1/2']);
  expect(await keysOf(pool, merge('R3', 4, 4))).toEqual(['4/3', '4/4']);
  expect(await keysOf(pool, `${merge('Reading', 2, 1, 19)} when not matched then insert (id, "Year") values (s.id, 1)`)).toEqual([
    '1/1',
    '1/2',
    '19/1',
  ]);
  expect(await keysOf(pool, `set local session_replication_role = replica; ${merge('Reading', 1, 1)}`)).toEqual(['1/1', '1/2']);
});

test('without the row triggers, a row that MERGE moves would be lost', async () => {
  const { pool, canMerge } = await openPartitioned();
  if (!canMerge) return;
  await keysOf(pool, insert('Reading', '1/1'));
  await pool.query(
    'alter table "Reading" disable trigger everwarm_capture_moved_in; alter table "Reading" disable trigger everwarm_capture_moved_out',
  );
  expect(
    await keysOf(pool, `merge into "Reading" r using (values (1)) s (id) on r.id = s.id when matched then update set "Year" = 2`),
  ).toEqual([]);
});

/** Inserts one row and then gives another one, in the same partition, another key. */
const insertThenUpdate = (from: number, to: number, fresh: number) =>
  `merge into "Reading" r using (values (${fresh}), (${from})) s (id) on r.id = s.id when matched then update set id = ${to} when not matched then insert (id, "Year") values (s.id, 1)`;

test('what a MERGE updates after an insert is captured as it became', async () => {
  const { pool, canMerge } = await openPartitioned();
  if (!canMerge) return;
  await keysOf(pool, insert('Reading', '2/2'));
  expect(await keysOf(pool, insertThenUpdate(2, 20, 19))).toEqual(expect.arrayContaining(['19/1', '2/2', '20/2']));
});

test('without the trigger that never fires, Postgres shows the inserted row as what the update made', async () => {
  const { pool, canMerge } = await openPartitioned();
  if (!canMerge) return;
  await keysOf(pool, insert('Reading', '2/2'));
  for (const table of ['Reading', 'R1', 'R2']) await pool.query(`alter table "${table}" disable trigger everwarm_capture_moved_in`);
  await pool.query('drop trigger everwarm_capture_stored_row on "Reading"');
  expect(await keysOf(pool, insertThenUpdate(2, 20, 19))).not.toContain('20/2');
});

test('a partition that came later is named, and captured when capture is installed again', async () => {
  const { db, pool } = await openPartitioned();
  await pool.query(
    `create table "R5" (like "Reading" including all); ${insert('R5', '1/5')}; alter table "Reading" attach partition "R5" for values in (5)`,
  );
  const [facts] = await readFacts(db, [watch]);
  expect(problemsOf(watch, facts!)).toMatchObject([{ kind: 'triggers', problem: expect.stringContaining('"public"."R5"') }]);
  expect(await installCapture(db, [watch])).toEqual([{ table: watch.table, unseen: true }]);
  expect(await installCapture(db, [watch])).toEqual([]);
  expect(await keysOf(pool, `update "R5" set value = 1`)).toEqual(['1/5']);
});

test('a partition that was detached is walked for once more, and captured no longer', async () => {
  const { db, pool } = await openPartitioned();
  await keysOf(pool, insert('Reading', '1/1'));
  await pool.query('alter table "Reading" detach partition "R1"');
  expect(await installCapture(db, [watch])).toEqual([{ table: watch.table, unseen: true }]);
  expect(await keysOf(pool, 'update "R1" set value = 9')).toEqual([]);
});

test('what cannot be followed is refused by name, with the cure', async () => {
  const { db, pool } = await openPartitioned();
  await pool.query(`create table base (id integer primary key); create table child (extra integer) inherits (base); create unlogged table loose (id integer primary key);
    create view seen as select * from base`);
  const refuse = (name: string) => installCapture(db, [{ table: { schema: 'public', name }, links: ['id'], columns: ['id'] }]);
  await expect(refuse('R1')).rejects.toThrow(/"R1" is a partition of "Reading".* Declare the model over "Reading"/);
  await expect(refuse('base')).rejects.toThrow(/"base" takes part in table inheritance.*partitioned/);
  await expect(refuse('child')).rejects.toThrow(/table inheritance/);
  await expect(refuse('loose')).rejects.toThrow(/is unlogged.*SET LOGGED/);
  await expect(refuse('seen')).rejects.toThrow(/is a view/);
  await expect(refuse('none')).rejects.toThrow(/does not exist in this database/);
});
