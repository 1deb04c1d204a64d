import { createDatabase } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import type { CompiledModel, Generation } from '#contracts/compiled.ts';
import type { Transactions } from '#contracts/database.ts';
import { formatVersion } from '#contracts/version.ts';
import { openPostgres } from '#platform/postgres.ts';
import { documentTableSql, writeDocuments } from './write-documents.ts';
import { entryTableSql, writeEntries } from './write-entries.ts';

const template = {
  key: 'write stage',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await postgres.transactions.query('create schema everwarm; create table public.doc (id text primary key, body text)');
    await postgres.transactions.query(
      'create table public.entry (id text not null, page text not null, at bytea not null, primary key (id, page))',
    );
    await postgres.transactions.query(`${documentTableSql(1)}; ${entryTableSql(2)}`);
    await postgres.close();
  },
};

const model = (id: number, recompute: string): Generation => ({
  id,
  name: 'm',
  hash: '',
  state: 'serving',
  lifecycle: 'async',
  stalled: null,
  model: { recompute } as CompiledModel,
});
const documents = model(1, 'select k.key, (select body from public.doc where id = k.key) as doc from unnest($1::text[]) as k (key)');
const entries = model(2, 'select e.id as key, e.page as partition, e.at as member from public.entry e where e.id = any($1::text[])');

async function openTables(): Promise<Transactions> {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const postgres = openPostgres(database.urlFor('write stage'), { max: 2 });
  onTestFinished(() => postgres.close());
  return postgres.transactions;
}

const v = (number: number) => formatVersion(1, BigInt(number));
const write = async (db: Transactions, number: number, keys: readonly string[]) =>
  (await writeDocuments(db, { generation: documents, keys, version: v(number) })).documents
    .map(({ key, doc, version }) => ({ key, doc, version }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
const rows = async (db: Transactions) =>
  (await db.query('select key, doc, version, xmin::text, ctid::text from everwarm.projection_1 order by key')).rows;

test('documents are inserted, changed, deleted and left alone in one statement', async () => {
  const db = await openTables();
  await db.query(`insert into public.doc values ('changes', 'one'), ('goes', 'one'), ('stays', 'one')`);
  await write(db, 1, ['changes', 'goes', 'stays']);
  const [, , stays] = await rows(db);
  await db.query(
    `update public.doc set body = 'two' where id = 'changes'; delete from public.doc where id = 'goes'; insert into public.doc values ('comes', 'two')`,
  );
  expect(await write(db, 2, ['comes', 'never', 'stays', 'goes', 'changes'])).toEqual([
    { key: 'changes', doc: 'two', version: v(2) },
    { key: 'comes', doc: 'two', version: v(2) },
    { key: 'goes', doc: null, version: v(2) },
    { key: 'stays', doc: 'one', version: v(1) },
  ]);
  // Not even locked: the row is the very same one.
  expect((await rows(db)).at(-1)).toEqual(stays);
  // A tombstone is told again, for whoever missed it, and is not written again.
  expect(await write(db, 3, ['goes'])).toEqual([{ key: 'goes', doc: null, version: v(2) }]);
});

test('an older version changes nothing, and tells what is there', async () => {
  const db = await openTables();
  await db.query(`insert into public.doc values ('a', 'new')`);
  await write(db, 9, ['a']);
  await db.query(`update public.doc set body = 'late'`);
  const before = await rows(db);
  expect(await write(db, 8, ['a'])).toEqual([{ key: 'a', doc: 'new', version: v(9) }]);
  expect(await write(db, 9, ['a'])).toEqual([{ key: 'a', doc: 'new', version: v(9) }]);
  expect(await rows(db)).toEqual(before);
});

test('a document is of the moment of its statement, and one that looks at the time of the time it saw', async () => {
  const momentOf = async (generation: Generation) => {
    const db = await openTables();
    await db.query(`insert into public.doc values ('a', 'one')`);
    return db.transaction(async (tx) => {
      const began = await tx.query<{ at: number }>('select extract(epoch from now())::float8 * 1000 as at');
      const { documents: written } = await writeDocuments(tx, { generation, keys: ['a'], version: v(1) });
      return written[0]!.asOf - began.rows[0]!.at;
    });
  };
  expect(await momentOf(documents), 'the way to Postgres and back lies between the two').toBeGreaterThan(0);
  expect(await momentOf({ ...documents, model: { ...documents.model, moments: 'select' } })).toBe(0);
});

const place = async (db: Transactions, number: number) =>
  (await writeEntries(db, { generation: entries, keys: ['a'], version: v(number) }))
    .map(({ partition, member, version }) => ({ partition, member: member?.toString() ?? null, version }))
    .toSorted((x, y) => (x.partition < y.partition ? -1 : 1));

test('entries come, move within a page, move to another page and go; what left stays as a tombstone', async () => {
  const db = await openTables();
  await db.query(`insert into public.entry values ('a', 'p', 'm1')`);
  expect(await place(db, 1)).toEqual([{ partition: 'p', member: 'm1', version: v(1) }]);
  await db.query(`update public.entry set at = 'm2'`);
  expect(await place(db, 2)).toEqual([{ partition: 'p', member: 'm2', version: v(2) }]);
  await db.query(`update public.entry set page = 'q'`);
  const moved = [
    { partition: 'p', member: null, version: v(3) },
    { partition: 'q', member: 'm2', version: v(3) },
  ];
  expect(await place(db, 3)).toEqual(moved);
  expect(await place(db, 4), 'unchanged, told again').toEqual(moved);
  await db.query('delete from public.entry');
  expect(await place(db, 5)).toEqual([moved[0], { partition: 'q', member: null, version: v(5) }]);
});

test('an older version moves no entry, and tells what is there', async () => {
  const db = await openTables();
  await db.query(`insert into public.entry values ('a', 'p', 'm1')`);
  await place(db, 9);
  await db.query(`update public.entry set at = 'late'`);
  expect(await place(db, 8)).toEqual([{ partition: 'p', member: 'm1', version: v(9) }]);
  await db.query('delete from public.entry');
  expect(await place(db, 8)).toEqual([{ partition: 'p', member: 'm1', version: v(9) }]);
});
