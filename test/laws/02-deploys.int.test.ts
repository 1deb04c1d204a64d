import { seededRandom, waitFor } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { openDepot } from './fixtures/open-depot.ts';
import { spawnWorker } from './fixtures/spawn-worker.ts';
import { stockDepot, writeRandomly } from './fixtures/write-randomly.ts';

test('workers that are replaced one by one, while others write, lose nothing and leave in good order', async () => {
  const depot = await openDepot({ start: false });
  const random = seededRandom('rolling restart');
  await stockDepot(depot.pool);
  let [old, young] = [await spawnWorker(depot), await spawnWorker(depot)];
  for (let round = 0; round < 2; round++) {
    const writing = writeRandomly(depot.pool, random, 45);
    old.signal('SIGTERM');
    const next = spawnWorker(depot);
    expect(await old.exited, old.output()).toEqual({ code: 0, signal: null });
    [old, young] = [young, await next];
    await writing;
    await expectEquivalence(depot);
  }
});

test('a batch that cannot finish keeps no process from ending: its keys are owed, and another computes them', async () => {
  const depot = await openDepot({ start: false });
  await stockDepot(depot.pool);
  const worker = await spawnWorker(depot, undefined, { DEPOT_GRACE: '300' });
  // Whoever acknowledges waits for as long as the test holds this lock.
  const holder = await depot.pool.connect();
  await holder.query('select pg_advisory_lock(42)');
  await depot.pool.query(
    `create function public.wait() returns trigger language plpgsql as 'begin perform pg_advisory_lock(42); return null; end'`,
  );
  await depot.pool.query('create trigger wait before delete on everwarm.ledger for each statement execute function public.wait()');
  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'held up'`);
  const isHeldUp = `select from pg_locks where locktype = 'advisory' and objid = 42 and not granted and database = (select oid from pg_database where datname = current_database())`;
  await waitFor(async () => (await depot.pool.query(isHeldUp)).rowCount! > 0, { what: 'an acknowledgement to wait' });
  worker.signal('SIGTERM');
  expect(await worker.exited, worker.output()).toEqual({ code: 1, signal: null });
  expect(worker.output()).toContain('did not finish within 300 ms. Their keys are still owed');
  holder.release(true);
  await depot.pool.query('drop trigger wait on everwarm.ledger');
  await depot.everwarm.start();
  await expectEquivalence(depot);
});
