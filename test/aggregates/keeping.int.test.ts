import { waitFor } from '@everwarm/testkit';
import type { Pool } from 'pg';
import { expect, test } from 'vitest';
import { foldDeltas } from '../../libs/everwarm/src/stages/relay/fold-deltas.ts';
import { forgetUnused } from '../../libs/everwarm/src/stages/relay/reset-aggregates.ts';
import { setBases } from '../../libs/everwarm/src/stages/relay/set-bases.ts';
import { compare } from './fixtures/compare.ts';
import { openToll, setAllBases, type Toll } from './fixtures/open-toll.ts';
import { gateCounts, gatePage, readModels } from './fixtures/read-models.ts';

const add = (from: number, to: number, no = 1) =>
  `insert into "Toll"."Passage" (id, "Opened", "gateNo", kind, weight, fee) select i, date '2024-01-30' + ${no % 3}, ${no}, 'truck', 50000, 2.5 from generate_series(${from}, ${to}) i`;

const count = async (pool: Pool, sql: string) =>
  (await pool.query<{ count: number }>(`select count(*)::integer as count from ${sql}`)).rows[0]!.count;
const ready = (pool: Pool) => count(pool, 'everwarm.aggregates where ready');

async function expectExact({ db }: Toll): Promise<void> {
  for (const model of readModels) expect((await compare(db, model.compile())).differences, model.name).toEqual([]);
}

test('folding leaves one base per key, and none for a key of which nothing is left', async () => {
  const toll = await openToll();
  const { db, pool } = toll;
  await setAllBases(toll);
  for (let id = 1; id <= 20; id++) await pool.query(add(id, id, 1 + (id % 2)));
  const { folded } = await foldDeltas(db, null);
  expect(await count(pool, 'everwarm.aggregate_deltas')).toBe(0);
  expect(await count(pool, `everwarm.aggregate_bases where key = '["2024-01-31","1"]'`)).toBe(8);
  await expectExact(toll);
  await pool.query('delete from "Toll"."Passage" where "gateNo" = 1');
  expect(await foldDeltas(db, folded)).toMatchObject({ moved: 8 });
  expect(await count(pool, `everwarm.aggregate_bases where key = '["2024-01-31","1"]'`)).toBe(0);
  await expectExact(toll);
});

test('a fold finds what commits late, whatever was folded before it', async () => {
  const { db, pool } = await openToll();
  const late = await pool.connect();
  try {
    await late.query(`begin; ${add(1, 1)}`);
    await pool.query(add(2, 2));
    const first = await foldDeltas(db, null);
    expect(first.moved).toBe(8);
    await late.query('commit');
    expect(await foldDeltas(db, first.folded)).toMatchObject({ moved: 8 });
  } finally {
    late.release();
  }
  expect(await count(pool, 'everwarm.aggregate_deltas')).toBe(0);
});

test('bases are not set while a transaction is open that began before the triggers knew the aggregate', async () => {
  const toll = await openToll();
  const { db, pool } = toll;
  await setAllBases(toll);
  const old = await pool.connect();
  try {
    await old.query('begin; select pg_current_xact_id()');
    await pool.query('update everwarm.aggregates set ready = false, installed_xid = pg_current_xact_id()');
    expect(await setBases(db)).toBe(false);
    await old.query('commit');
  } finally {
    old.release();
  }
  await setAllBases(toll);
});

test('a TRUNCATE that commits while bases are being set leaves them unused', async () => {
  const toll = await openToll();
  const { pool, db } = toll;
  await setAllBases(toll);
  await pool.query(add(1, 10));
  const writer = await pool.connect();
  try {
    // Its lock would keep the reader of the source out; what it appends is all that matters here.
    await writer.query(
      `begin; insert into everwarm.aggregate_deltas (aggregate, rows, present, total, special) select id, 0, 0, 0, 0 from everwarm.aggregates`,
    );
    await pool.query('update everwarm.aggregates set ready = false, resets = resets + 1');
    await setAllBases(toll);
    expect(await ready(pool)).toBe(8);
    await writer.query('commit');
  } finally {
    writer.release();
  }
  // Whatever stood in the bases, it is not used; and the folder sees to it that they are set again.
  await pool.query('update everwarm.aggregate_bases set rows = 77');
  await expectExact(toll);
  await foldDeltas(db, null);
  expect(await ready(pool)).toBe(0);
  await setAllBases(toll);
  expect(await count(pool, 'everwarm.aggregate_bases where rows = 77')).toBe(0);
  await expectExact(toll);
});

test('a reset that comes while bases are being set wins', async () => {
  const toll = await openToll();
  const { db, pool } = toll;
  await setAllBases(toll);
  await pool.query(`delete from everwarm.aggregates where definition -> 'value' ->> 'name' is not null`);
  await pool.query('update everwarm.aggregates set ready = false, not_before = now()');
  const other = await pool.connect();
  try {
    await other.query('begin; update everwarm.aggregates set resets = resets + 1');
    const setting = setBases(db);
    const waiting = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await waitFor(async () => (await count(pool, waiting)) > 0, { what: 'the setting to meet the reset' });
    await other.query('commit');
    expect(await setting).toBe(true);
  } finally {
    other.release();
  }
  expect(await ready(pool)).toBe(0);
});

test('an aggregate that this database does not allow is named with the reason, and read again', async () => {
  const toll = await openToll();
  const { db, pool } = toll;
  await pool.query(`alter table "Toll"."Passage" alter column fee type numeric`);
  await pool.query('update everwarm.aggregates set not_before = now()');
  await waitFor(
    async () => {
      await setBases(db);
      return (await count(pool, 'everwarm.aggregates where not ready and problem is null')) === 0;
    },
    { what: 'all aggregates to be looked at' },
  );
  expect(await ready(pool)).toBe(6);
  const { rows } = await pool.query('select distinct problem from everwarm.aggregates where not ready');
  expect(rows).toEqual([{ problem: 'fee is of type numeric, not a number of 2 digits behind the point' }]);
  await pool.query(`insert into "Toll"."Passage" (id, "Opened", "gateNo", kind, fee) values (1, '2024-01-31', 1, 'car', 1.23456)`);
  await expectExact(toll);
});

test('an aggregate that the triggers were once written without begins anew when it is asked for again', async () => {
  const toll = await openToll();
  const { db, pool, migrate } = toll;
  await setAllBases(toll);
  await pool.query(add(1, 5));
  await pool.query(`update everwarm.generations set state = 'dropped' where name = '${gatePage.name}'`);
  await migrate(readModels.filter((model) => model !== gatePage));
  // Nobody appends what this adds to its sums.
  await pool.query(add(6, 9));
  await migrate(readModels);
  await expectExact(toll);
  await setAllBases(toll);
  await expectExact(toll);
  expect((await db.query<{ doc: string }>(gatePage.compile().recompute, [['["2024-01-31","1"]']])).rows[0]?.doc).toContain(
    '"fees":"22.50"',
  );
});

test('an aggregate goes with the last read model that asks for it, and comes back whole', async () => {
  const toll = await openToll();
  const { db, pool, migrate } = toll;
  await setAllBases(toll);
  await pool.query(add(1, 5));
  await pool.query(`update everwarm.generations set state = 'dropped' where name = '${gatePage.name}'`);
  expect(await forgetUnused(db)).toBe(5);
  expect(await count(pool, 'everwarm.aggregates')).toBe(3);
  // Its triggers append until the next migration; nobody keeps that.
  await pool.query(add(6, 9));
  await foldDeltas(db, null);
  expect(await count(pool, 'everwarm.aggregate_deltas')).toBe(0);
  expect(await count(pool, '(select distinct aggregate from everwarm.aggregate_bases) b')).toBe(3);
  await migrate(readModels);
  expect(await count(pool, 'everwarm.aggregates')).toBe(8);
  await setAllBases(toll);
  await expectExact(toll);
  expect((await db.query<{ doc: string }>(gateCounts.compile().recompute, [['["2024-01-31","1"]']])).rows[0]?.doc).toContain(
    '"passages":9',
  );
});
