import { createDatabase } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import type { Generation } from '#contracts/compiled.ts';
import { lookAtUnwritten } from '#platform/look-at-unwritten.ts';
import { openPostgres } from '#platform/postgres.ts';
import { Floors } from './floors.ts';
import { entriesAsFresh } from './fresh-entries.ts';
import type { PageEntries } from './page-entries.ts';
import type { ReadParts } from './read-parts.ts';
import { relearning } from './relearn.ts';

const template = {
  key: 'relearn',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await postgres.transactions.query(`create schema everwarm;
      create table everwarm.ledger (generation integer, key text); create table everwarm.quarantine (like everwarm.ledger);
      create table everwarm.fan_outs (generation integer); create table everwarm.outbox (xid xid8, at timestamptz);
      create table everwarm.generations (id integer, state text, reconcile_phase text, stalled text, installed_xid xid8);
      create table everwarm.relay (snapshot text); insert into everwarm.relay values (pg_current_snapshot()::text)`);
    await postgres.close();
  },
};

test('floors are not learned anew while something may be owed that nobody has written down', async () => {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const { pool } = database;
  const overflown = () => {
    const floors = new Floors(() => undefined);
    for (let key = 0; !floors.overflown; key++) floors.raise(1, String(key), '0001-0000000000000000001');
    const relearn = relearning({ db: pool, floors, unwritten: (mark) => lookAtUnwritten(pool, mark) });
    return { floors, relearn: () => relearn([]) };
  };
  const deliver = () => pool.query('update everwarm.relay set snapshot = pg_current_snapshot()::text');
  const change = () => pool.query('insert into everwarm.outbox values (pg_current_xact_id(), now())');

  const { floors, relearn } = overflown();
  await pool.query('insert into everwarm.fan_outs values (1)');
  expect(await relearn(), 'a change of many keys').toBe(false);
  await pool.query('truncate everwarm.fan_outs');
  await pool.query(`insert into everwarm.generations values (1, 'serving', 'source', null, '5'), (2, 'building', 'source', null, '5')`);
  expect(await relearn(), 'a walk').toBe(false);
  await pool.query('update everwarm.generations set reconcile_phase = null where id = 1');
  await change();
  await pool.query(`insert into everwarm.ledger values (1, 'owed')`);
  expect(await relearn(), 'only what was committed before is waited for').toBe(true);
  expect([floors.overflown, floors.of(1, 'owed') !== null]).toEqual([false, true]);

  const later = overflown();
  expect(await later.relearn(), 'a change on its way').toBe(false);
  await deliver();
  await change();
  expect(await later.relearn(), 'what came after it').toBe(true);
});

test('after more floors than are remembered, pages are the sources’ where what was shown of them may be in no store', async () => {
  const part = { list: { id: 1, state: 'serving' } as Generation, partition: 'p' };
  for (const [ahead, expected] of [
    [false, 'stores'],
    [true, 'sources'],
  ] as const) {
    const floors = new Floors(() => undefined);
    if (ahead) floors.setPartition(2, 'q', { entries: null, ticket: null, shown: 5n });
    for (let key = 0; !floors.overflown; key++) floors.raise(1, String(key), '0001-0000000000000000001');
    const asked: string[] = [];
    await entriesAsFresh({ floors } as Partial<ReadParts> as ReadParts, part, null, async (from) => {
      asked.push(from);
      return {} as PageEntries;
    });
    expect(asked).toEqual([expected]);
  }
});
