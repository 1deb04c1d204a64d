import type { PoolClient } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { planOnce } from '../../libs/everwarm/src/stages/recompute/batch.ts';
import { foldDeltas } from '../../libs/everwarm/src/stages/relay/fold-deltas.ts';
import { openToll, setAllBases, type Toll } from './fixtures/open-toll.ts';
import { gateCounts, gateNewest } from './fixtures/read-models.ts';

/** Passages of one gate, in one statement. */
const passages = (no: number, from: number, to: number) =>
  `insert into "Toll"."Passage" (id, "Opened", "gateNo", kind, fee) select i, date '2024-01-30' + ${no % 3}, ${no}, case i % 2 when 0 then 'truck' else 'car' end, i % 7 from generate_series(${from}, ${to}) i`;

const opened = ['2024-01-30', '2024-01-31', '2024-02-01'];
const key = (no: number) => JSON.stringify([opened[no % 3], String(no)]);

/** A session as a worker's, with a statement that it planned while all tables were empty, and known to be. */
async function openWorker({ pool }: Toll, recompute: string, settings: readonly string[] = planOnce): Promise<PoolClient> {
  for (const table of ['"Toll"."Passage"', 'everwarm.aggregate_bases', 'everwarm.aggregate_deltas']) {
    // New statistics in the middle of a test would have the statement planned anew.
    await pool.query(`alter table ${table} set (autovacuum_enabled = false)`);
    await pool.query(`vacuum analyze ${table}`);
  }
  const client = await pool.connect();
  onTestFinished(() => client.release(true));
  await client.query(['set jit = off', `set timezone = 'UTC'`, ...settings.map((setting) => setting.replace('local ', ''))].join('; '));
  await client.query(`prepare derive (text[]) as ${recompute}`);
  await client.query(`execute derive ('{}')`);
  return client;
}

/** How many pages deriving a gate's document touches. */
async function pages(client: PoolClient, no: number): Promise<number> {
  const explain = `explain (analyze, buffers, timing off, format json) execute derive (array['${key(no)}'])`;
  await client.query(explain);
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(explain);
  const plan = rows[0]!['QUERY PLAN'][0].Plan;
  return plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!;
}

test('a count of ten thousand rows is derived at the cost of a count of a hundred', async () => {
  const toll = await openToll();
  await setAllBases(toll);
  const { recompute, fromSources = '' } = gateCounts.compile();
  const worker = await openWorker(toll, recompute);
  const rereader = await openWorker(toll, fromSources);
  await toll.pool.query(passages(1, 1, 100));
  await toll.pool.query(passages(2, 101, 10_100));
  await foldDeltas(toll.db, null);
  expect(await pages(worker, 2)).toBeLessThanOrEqual((await pages(worker, 1)) * 1.2);
  // What it would cost to count them.
  expect(await pages(rereader, 2)).toBeGreaterThan((await pages(rereader, 1)) * 5);
});

test('deltas of other keys that are not folded cost nothing, though the tables were empty when the statement was planned', async () => {
  const toll = await openToll();
  await setAllBases(toll);
  const { recompute } = gateCounts.compile();
  const worker = await openWorker(toll, recompute);
  const scanner = await openWorker(toll, recompute, ['set plan_cache_mode = force_generic_plan']);
  await toll.pool.query(passages(1, 1, 100));
  await foldDeltas(toll.db, null);
  const alone = await pages(worker, 1);
  for (let id = 1000; id < 2000; id++) await toll.pool.query(passages(2 + (id % 2), id, id));
  expect(await pages(worker, 1)).toBeLessThanOrEqual(alone * 1.5);
  // Planned like any other statement, it reads them all.
  expect(await pages(scanner, 1)).toBeGreaterThan(alone * 5);
});

test('the newest few of ten thousand rows are derived at the cost of the newest few of a hundred', async () => {
  const toll = await openToll();
  const { recompute } = gateNewest.compile();
  await toll.pool.query('create index on "Toll"."Passage" ("gateNo", "Opened", fee desc, id desc)');
  const worker = await openWorker(toll, recompute);
  await toll.pool.query(passages(1, 1, 100));
  await toll.pool.query(passages(2, 101, 10_100));
  expect(await pages(worker, 2)).toBeLessThanOrEqual((await pages(worker, 1)) * 1.5);
});
