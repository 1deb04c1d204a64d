import type { Pool } from 'pg';
import { expect, test } from 'vitest';
import { compare } from './fixtures/compare.ts';
import { openToll, setAllBases } from './fixtures/open-toll.ts';
import { gatePage, readModels } from './fixtures/read-models.ts';

const add = (id: number, no = 1, fee = '2.50') =>
  `insert into "Toll"."Passage" (id, "Opened", "gateNo", kind, weight, fee) values (${id}, '2024-01-31', ${no}, 'truck', 50000, ${fee})`;

type Delta = { key: string | null; rows: string; total: string };

/** The deltas of the aggregate over all passages and their fees that a statement appends; those of others are counted. */
async function deltasOf(pool: Pool, sql: string): Promise<{ fees: Delta[]; others: number }> {
  await pool.query('delete from everwarm.aggregate_deltas');
  await pool.query(sql);
  const { rows } = await pool.query<Delta & { fees: boolean }>(
    `select d.key, d.rows, d.total, a.definition -> 'value' ->> 'name' = 'fee' and a.definition ->> 'where' is null as fees
from everwarm.aggregate_deltas d join everwarm.aggregates a on a.id = d.aggregate order by d.key`,
  );
  const fees = rows.filter((row) => row.fees).map(({ key, rows: count, total }) => ({ key, rows: count, total }));
  return { fees, others: rows.length - fees.length };
}

const gate = (no: number) => `["2024-01-31","${no}"]`;

test('a statement appends one delta per aggregate and key, and none where nothing changes', async () => {
  const { pool } = await openToll();
  const many = `insert into "Toll"."Passage" (id, "Opened", "gateNo", kind, weight, fee) select i, '2024-01-31', 1 + i % 2, 'car', 1, i from generate_series(101, 140) i`;
  expect(await deltasOf(pool, many)).toMatchObject({
    fees: [
      { key: gate(1), rows: '20', total: '2420.00' },
      { key: gate(2), rows: '20', total: '2400.00' },
    ],
  });
  expect(await deltasOf(pool, `delete from "Toll"."Passage"`)).toMatchObject({
    fees: [
      { key: gate(1), rows: '-20', total: '-2420.00' },
      { key: gate(2), rows: '-20', total: '-2400.00' },
    ],
  });
  // Few rows are told one by one.
  expect(await deltasOf(pool, `${add(1)}, (2, '2024-01-31', 1, 'car', 1, 1)`)).toMatchObject({
    fees: [
      { key: gate(1), rows: '1', total: expect.stringMatching(/^(2[.]50|1[.]00)$/) },
      { key: gate(1), rows: '1', total: expect.stringMatching(/^(2[.]50|1[.]00)$/) },
    ],
  });
  expect(await deltasOf(pool, `update "Toll"."Passage" set note = 'unwatched'`)).toEqual({ fees: [], others: 0 });
  expect(await deltasOf(pool, `update "Toll"."Passage" set fee = fee, kind = kind`)).toEqual({ fees: [], others: 0 });
  // Watched by the read models, and in no sum.
  expect(await deltasOf(pool, `update "Toll"."Passage" set loose = 7`)).toEqual({ fees: [], others: 0 });
  // Two that change places.
  expect(await deltasOf(pool, `update "Toll"."Passage" set fee = 3.5 - fee`)).toMatchObject({ fees: [] });
  expect(await deltasOf(pool, `update "Toll"."Passage" set "gateNo" = 4 where id = 1`)).toMatchObject({
    fees: [
      { key: gate(1), rows: '-1', total: '-1.00' },
      { key: gate(4), rows: '1', total: '1.00' },
    ],
  });
  expect(await deltasOf(pool, `update "Toll"."Passage" set id = id + 10`)).toEqual({ fees: [], others: 0 });
  expect(await deltasOf(pool, `update "Toll"."Passage" set "gateNo" = null where id = 12`)).toMatchObject({
    fees: [{ key: gate(1), rows: '-1', total: '-2.50' }],
  });
  expect(await deltasOf(pool, `delete from "Toll"."Passage"`)).toMatchObject({ fees: [{ key: gate(4), rows: '-1', total: '-1.00' }] });
  expect(await deltasOf(pool, `begin; ${add(3)}; rollback`)).toEqual({ fees: [], others: 0 });
});

test('a key is the same text whatever the session of the writer', async () => {
  const { pool } = await openToll();
  const session = `begin; set local datestyle = 'German'; set local search_path = ''; set local standard_conforming_strings = off`;
  expect(await deltasOf(pool, `${session}; ${add(1)}; commit`)).toMatchObject({ fees: [{ key: gate(1) }] });
});

test('who may write the table needs no right to anything of the engine', async () => {
  const { pool } = await openToll();
  const role = `collector_${process.pid}`;
  await pool.query(`create role ${role}; grant usage on schema "Toll" to ${role}; grant insert on "Toll"."Passage" to ${role}`);
  expect(await deltasOf(pool, `begin; set local role ${role}; ${add(1)}; commit`)).toMatchObject({ fees: [{ key: gate(1) }] });
  await pool.query(`drop owned by ${role}; drop role ${role}`);
});

test('TRUNCATE says that rows changed, and documents are derived from the rows until the bases are set anew', async () => {
  const toll = await openToll();
  await setAllBases(toll);
  const { db, pool } = toll;
  await pool.query(add(1));
  expect(await deltasOf(pool, `begin; truncate "Toll"."Passage"; ${add(2)}; commit`)).toMatchObject({
    fees: [{ key: gate(1), rows: '1' }, { key: null }],
  });
  for (const model of readModels) expect((await compare(db, model.compile())).differences).toEqual([]);
});

test('a condition that raises does not fail the writer, and costs no more than the bases', async () => {
  const toll = await openToll();
  await setAllBases(toll);
  const { db, pool } = toll;
  // As if the condition had been one that raises: the column it reads is of a type it does not know.
  await pool.query(`alter table "Toll"."Passage" alter column weight type text`);
  await pool.query('truncate everwarm.outbox');
  expect(await deltasOf(pool, add(1))).toMatchObject({ fees: [{ key: null }] });
  // The change itself is recorded exactly.
  expect((await pool.query('select mask, vals is not null as known from everwarm.outbox')).rows).toEqual([{ mask: '-1', known: true }]);
  await pool.query(`alter table "Toll"."Passage" alter column weight type bigint using weight::bigint`);
  expect((await compare(db, gatePage.compile())).differences).toEqual([]);
});

test('a table without kept aggregates is captured as if there were none', async () => {
  const { pool } = await openToll();
  const { rows } = await pool.query<{ body: string }>(
    `select prosrc as body from pg_proc where pronamespace = 'everwarm'::regnamespace and proname ~ '^capture_(insert|update|delete|truncate)_Road'`,
  );
  expect(rows).toHaveLength(4);
  for (const { body } of rows) expect(body).not.toMatch(/delta|touched/);
});
