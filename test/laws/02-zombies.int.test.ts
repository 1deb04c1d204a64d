import { join } from 'node:path';
import { seededRandom, waitFor } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { postgresCopies, redisCopies } from './fixtures/copies.ts';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { openDepot } from './fixtures/open-depot.ts';
import { supplierCard } from './fixtures/read-models.ts';
import { spawnWorker } from './fixtures/spawn-worker.ts';
import { stockDepot, writeRandomly } from './fixtures/write-randomly.ts';

/** Freezes a process at a step, lets another take over and write, and thaws it: what it was about to write comes far too late. */
async function thawLate(step: 'recompute.locked' | 'publish.half'): Promise<void> {
  const depot = await openDepot({ start: false });
  const { pool } = depot;
  const random = seededRandom(`frozen at ${step}`);
  await stockDepot(pool);
  const zombie = await spawnWorker(depot, { step, signal: 'SIGSTOP', pass: 4 });
  const sessions = `select pid from pg_stat_activity where datname = current_database() and application_name = 'worker'`;
  const isFrozen = `select from everwarm.relay where heartbeat < clock_timestamp() - interval '3 seconds'`;
  await waitFor(
    async () => {
      await writeRandomly(pool, random, 6);
      return (await pool.query(isFrozen)).rowCount === 1;
    },
    { what: `the worker to freeze at ${step}`, timeoutMs: 60_000 },
  );
  const leaderBefore = (await pool.query('select leader_pid as pid from everwarm.relay')).rows[0].pid;
  await depot.everwarm.start();
  await pool.query(`update "Depot"."Supplier" set "legal Name" = 'newer'`);
  // A frozen leader is succeeded and its session ended; a frozen batch holds its locks only until its session is ended for idling.
  expect(await expectEquivalence(depot, 60_000), step).toBeGreaterThan(0);
  expect(
    (await pool.query<{ pid: number }>(sessions)).rows.map(({ pid }) => pid),
    `${step}: the frozen leader's session`,
  ).not.toContain(leaderBefore);
  const [inPostgres, inRedis] = [await postgresCopies(depot, supplierCard), await redisCopies(depot, supplierCard)];
  zombie.signal('SIGCONT');
  // It works again when it does its share: told to stop it first finishes what it had at hand.
  expect(await zombie.stop(), zombie.output()).toEqual({ code: 0, signal: null });
  expect(await postgresCopies(depot, supplierCard), `${step}: nothing older came`).toEqual(inPostgres);
  expect(await redisCopies(depot, supplierCard), `${step}: nothing older came`).toEqual(inRedis);
  await writeRandomly(pool, random, 30);
  await expectEquivalence(depot);
}

test('a process frozen past every lease is succeeded, and what it writes when it thaws is fenced', async () => {
  await Promise.all([thawLate('recompute.locked'), thawLate('publish.half')]);
}, 120_000);

test('a process whose clock is an hour off, ahead or behind, delays nothing and loses nothing', async () => {
  const preload = `--import ${join(import.meta.dirname, 'fixtures/shift-clock.mjs')}`;
  const shifted = async (off: number) => {
    const depot = await openDepot({ start: false });
    const random = seededRandom(`clock off by ${off}`);
    await stockDepot(depot.pool);
    await spawnWorker(depot, undefined, { NODE_OPTIONS: preload, CLOCK_OFF_MS: String(off) });
    await writeRandomly(depot.pool, random, 45);
    // One with a right clock beside it: leases and heartbeats are of one clock, whoever looks at them.
    await depot.everwarm.start();
    await depot.everwarm.rebuild(supplierCard);
    await writeRandomly(depot.pool, random, 45);
    expect(await expectEquivalence(depot), `off by ${off}`).toBeGreaterThan(0);
  };
  await Promise.all([shifted(3_600_000), shifted(-3_600_000)]);
});
