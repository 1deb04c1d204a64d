import { seededRandom, spawnNode, waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { parseSnapshot } from '../../libs/everwarm/src/contracts/snapshot.ts';
import { openPostgres } from '../../libs/everwarm/src/platform/postgres.ts';
import { rotate } from '../../libs/everwarm/src/stages/relay/rotate.ts';
import { liveTexts, redisCopies } from './fixtures/copies.ts';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { queueOf } from './fixtures/queue-of.ts';
import { supplierCard } from './fixtures/read-models.ts';
import { stockDepot, writeRandomly } from './fixtures/write-randomly.ts';

const addSuppliers = (depot: Depot, from: number, to: number) =>
  depot.pool.query(
    `insert into "Depot"."Supplier" ("supplierId", "legal Name") select i, 'Supplier ' || i from generate_series($1::integer, $2) i`,
    [from, to],
  );
const owed = async (depot: Depot) =>
  (await depot.pool.query<{ count: number }>('select count(*)::int as count from everwarm.ledger')).rows[0]!.count;

test('a transaction that began first and commits last is delivered; a position in the outbox would have passed it', async () => {
  const depot = await openDepot();
  const early = await depot.pool.connect();
  try {
    await early.query('begin');
    await early.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'early')`);
    await addSuppliers(depot, 2, 2);
    await depot.everwarm.settled();
    expect(Object.keys(liveTexts(await redisCopies(depot, supplierCard)))).toEqual(['2']);
    // What a relay that keeps a position would have seen last, and what lies beyond it after the late commit.
    const position = (await depot.pool.query('select max(xid::text::bigint)::text as last from everwarm.outbox')).rows[0].last;
    await early.query('commit');
    const beyond = await depot.pool.query('select from everwarm.outbox where xid > $1::text::xid8', [position]);
    expect(beyond.rowCount).toBe(0);
  } finally {
    early.release();
  }
  await expectEquivalence(depot);
});

test('a killed worker leaves its work to the next one', async () => {
  const depot = await openDepot({ start: false });
  const first = spawnNode('test/laws/fixtures/worker.ts', {
    env: { DEPOT_POSTGRES: depot.database.urlFor('worker'), DEPOT_REDIS: depot.redisUrl, DEPOT_NAMESPACE: depot.space.namespace },
  });
  onTestFinished(async () => void (await first.stop()));
  await first.waitForLine(/working/);
  await addSuppliers(depot, 1, 1000);
  await waitFor(async () => (await redisCopies(depot, supplierCard)).size > 0, { what: 'the first documents' });
  first.signal('SIGKILL');
  await first.exited;
  const done = (await redisCopies(depot, supplierCard)).size;
  expect(await owed(depot), 'killed in the middle').toBeGreaterThan(0);
  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'while nobody works' where "supplierId" <= 10`);

  await depot.everwarm.start();
  expect(await expectEquivalence(depot)).toBe(1000);
  expect(done).toBeLessThan(1000);
});

test('connections that Postgres ends, that of the leader among them, lose nothing', async () => {
  const depot = await openDepot();
  await stockDepot(depot.pool);
  const random = seededRandom('law 2');
  for (let round = 0; round < 3; round++) {
    const writing = writeRandomly(depot.pool, random, 45);
    const end = async () =>
      (
        await depot.pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'everwarm'`,
        )
      ).rowCount;
    await waitFor(async () => ((await end()) ?? 0) > 0, { what: 'connections to end' });
    await writing;
  }
  await expectEquivalence(depot);
});

test('lost jobs are made up for', async () => {
  const depot = await openDepot();
  const queue = queueOf(depot);
  await queue.pause();
  await addSuppliers(depot, 1, 20);
  await waitFor(async () => (await queue.getWaitingCount()) > 0, { what: 'the jobs' });
  await queue.obliterate({ force: true });
  expect(await owed(depot)).toBe(20);
  expect(await expectEquivalence(depot)).toBe(20);
});

test('an emptied Redis is filled again, with no hand on it, while writes go on', async () => {
  const depot = await openDepot({ ownRedis: true });
  const random = seededRandom('law 2');
  await stockDepot(depot.pool);
  await writeRandomly(depot.pool, random, 60);
  await depot.everwarm.settled();
  await depot.redis.flushall();
  await expectEquivalence(depot);
  const writing = writeRandomly(depot.pool, random, 120);
  await depot.redis.flushall();
  await writing;
  await expectEquivalence(depot);
});

test('turning the outbox over while writers are open loses nothing', async () => {
  const depot = await openDepot();
  const random = seededRandom('law 2');
  const rotation = openPostgres(depot.database.urlFor('rotation'), { max: 1 });
  onTestFinished(() => rotation.close());
  await stockDepot(depot.pool);
  let writing = true;
  const turns = (async () => {
    let turned = 0;
    while (writing) {
      const { rows } = await rotation.transactions.query<{ snapshot: string }>('select snapshot from everwarm.relay');
      if (await rotate(rotation.transactions, parseSnapshot(rows[0]!.snapshot))) turned++;
    }
    return turned;
  })();
  await writeRandomly(depot.pool, random, 150).finally(() => {
    writing = false;
  });
  expect(await turns).toBeGreaterThan(2);
  await expectEquivalence(depot);
});

test('a transaction of more rows than one batch holds is delivered whole', async () => {
  const depot = await openDepot();
  await addSuppliers(depot, 1, 5500);
  expect(await expectEquivalence(depot)).toBe(5500);
});

test('what was written while a trigger was off is found when migrate puts it right', async () => {
  const depot = await openDepot();
  await addSuppliers(depot, 1, 3);
  await depot.everwarm.settled();
  await depot.pool.query(`alter table "Depot"."Supplier" disable trigger user`);
  await depot.pool.query(`update "Depot"."Supplier" set "legal Name" = 'unseen' where "supplierId" = 1`);
  await depot.pool.query(`delete from "Depot"."Supplier" where "supplierId" = 2`);
  const problems = (await depot.everwarm.doctor()).filter(({ problem }) => problem !== null);
  expect(problems.map(({ check }) => check)).toEqual(['Depot.Supplier is captured']);
  expect(await depot.everwarm.migrate()).toMatchObject({ schema: [], generations: [], captured: ['Depot.Supplier'] });
  expect(await expectEquivalence(depot)).toBe(2);
});
