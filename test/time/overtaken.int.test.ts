import { waitFor } from '@everwarm/testkit';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { Generation } from '../../libs/everwarm/src/contracts/compiled.ts';
import { millisecondsSql } from '../../libs/everwarm/src/contracts/milliseconds.ts';
import { openPostgres } from '../../libs/everwarm/src/platform/postgres.ts';
import { oweDue } from '../../libs/everwarm/src/stages/relay/timers.ts';
import { writeTimers } from '../../libs/everwarm/src/stages/write-through/write-timers.ts';
import { openNewsroom } from './fixtures/open-newsroom.ts';

/** Lanes on which nothing is enqueued: what is owed stays in the ledger, to be looked at. */
const full = {
  shared: { getJobCounts: async () => ({ waiting: Number.MAX_SAFE_INTEGER }) },
  isReachable: () => true,
  own: async () => new Map(),
} as unknown as Parameters<typeof oweDue>[1];

async function openStill() {
  const newsroom = await openNewsroom({ start: false });
  const postgres = openPostgres(newsroom.pool);
  onTestFinished(() => postgres.close());
  const { rows } = await newsroom.pool.query<Generation>(`select * from everwarm.generations where name = 'article_page'`);
  const batch = { generation: rows[0]!, keys: ['["d","1"]'] };
  const timers = async () => (await newsroom.pool.query(`select key from everwarm.timers`)).rowCount;
  const owed = async () =>
    (
      await newsroom.pool.query<{ seq: string; ago: number }>(
        `select seq, extract(epoch from clock_timestamp() - since)::float8 as ago from everwarm.ledger`,
      )
    ).rows;
  await newsroom.pool.query(
    `insert into "News"."Article" ("Desk", no, title, "live At") values ('d', 1, 'Article', now() + interval '1 day')`,
  );
  return { pool: newsroom.pool, db: postgres.transactions, batch, timers, owed };
}

test('a recompute that the moment overtakes leaves a timer that is due, so the key is owed once more', async () => {
  const { pool, db, batch, timers, owed } = await openStill();
  await db.transaction((tx) => writeTimers(tx, batch));
  await db.transaction(async (tx) => {
    // Begun before the moment, and so it shows what was then, however late it commits.
    await tx.query('select now()');
    await pool.query(
      `with moved as (update "News"."Article" set "live At" = clock_timestamp() returning "live At") update everwarm.timers set at = "live At" from moved`,
    );
    await oweDue(db, full);
    expect(await timers()).toBe(0);
    await writeTimers(tx, batch);
  });
  const [first] = await owed();
  expect(await timers()).toBe(1);
  await oweDue(db, full);
  const [second] = await owed();
  expect(Number(second?.seq)).toBeGreaterThan(Number(first?.seq));
  await db.transaction((tx) => writeTimers(tx, batch));
  expect(await timers()).toBe(0);
});

test('a moment is owed exactly once, from when it came; a rollback leaves the timer', async () => {
  const { pool, db, batch, timers, owed } = await openStill();
  await db.transaction((tx) => writeTimers(tx, batch));
  await oweDue(db, full);
  await expect(
    db.transaction(async (tx) => {
      await tx.query('delete from everwarm.timers');
      throw new Error('crash');
    }),
  ).rejects.toThrow('crash');
  expect(await timers()).toBe(1);
  expect(await owed()).toEqual([]);
  await pool.query(`update everwarm.timers set at = now() - interval '1 hour'`);
  await Promise.all([oweDue(db, full), oweDue(db, full), oweDue(db, full)]);
  const [only, ...more] = await owed();
  expect(more).toEqual([]);
  expect(only?.ago).toBeGreaterThanOrEqual(3600);
  expect(await timers()).toBe(0);
});

test('a timer that stands as it should is not written again', async () => {
  const { pool, db, batch } = await openStill();
  const row = async () => (await pool.query('select xmin::text, xmax::text, ctid::text, at from everwarm.timers')).rows;
  await db.transaction((tx) => writeTimers(tx, batch));
  const before = await row();
  await db.transaction((tx) => writeTimers(tx, batch));
  expect(await row()).toEqual(before);
  await pool.query(`update "News"."Article" set "live At" = now() + interval '2 days'`);
  await db.transaction((tx) => writeTimers(tx, batch));
  expect(await row()).not.toEqual(before);
});

test('timers of a generation that is gone are forgotten', async () => {
  const { pool, db, timers, owed } = await openStill();
  await pool.query(`insert into everwarm.timers values (999, 'x', now() - interval '1 second')`);
  await oweDue(db, full);
  expect(await timers()).toBe(0);
  expect(await owed()).toEqual([]);
});

test('a moment that has just come is waited for, and told as it is, however few digits the database shows', async () => {
  const { pool, everwarm, another } = await openNewsroom();
  await everwarm.stop();
  await pool.query(`do $$ begin execute format('alter database %I set extra_float_digits = -5', current_database()); end $$`);
  // So few round to seconds, down in the first half of each.
  await waitFor(() => [1, 2].includes(Math.floor((Date.now() % 1000) / 100)), { what: 'the beginning of a second' });
  await pool.query(
    `insert into everwarm.timers (generation, key, at) select id, 'k', clock_timestamp() from everwarm.generations where name = 'article_page'`,
  );
  await expect(another().settled({ timeoutMs: 300 })).rejects.toThrow('documents whose moment has come');
  const client = new Client({ connectionString: pool.options.connectionString });
  await client.connect();
  onTestFinished(() => client.end());
  const { rows } = await client.query(
    `select extract(epoch from 'epoch'::timestamptz + interval '1795287523.355 s')::float8 as rounded, ${millisecondsSql(`'epoch'::timestamptz + interval '1795287523.355 s'`)} as exact`,
  );
  expect(rows[0]).not.toMatchObject({ rounded: 1_795_287_523.355 });
  expect(rows[0]).toMatchObject({ exact: 1_795_287_523_355 });
});
