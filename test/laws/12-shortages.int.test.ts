import { waitFor } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { projectionTable } from '../../libs/everwarm/src/contracts/names.ts';
import { servingId } from './fixtures/copies.ts';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { readModels, supplierCard } from './fixtures/read-models.ts';
import { stockDepot } from './fixtures/write-randomly.ts';

/** Renames a supplier that every depot of this file has. */
const rename = (depot: Depot, name: string) =>
  depot.pool.query(`update "Depot"."Supplier" set "legal Name" = $1 where "supplierId" = 101`, [name]);

const hasName = (depot: Depot, name: string) => async () => (await depot.everwarm.reader.get(supplierCard, 101))?.legalName === name;

async function stocked(options: Parameters<typeof openDepot>[0] = {}): Promise<Depot> {
  const depot = await openDepot(options);
  await stockDepot(depot.pool);
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (101, 'Stays')`);
  if (options.start !== false) await depot.everwarm.settled();
  return depot;
}

/** Has every write to a table of Everwarm fail as it does on a full disk; returns what frees it. */
async function fill({ pool }: Depot, table: string): Promise<() => Promise<unknown>> {
  await pool.query(`create or replace function public.full_disk() returns trigger language plpgsql as $$
    begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$`);
  await pool.query(`create trigger full_disk before insert or update on everwarm.${table} execute function public.full_disk()`);
  return () => pool.query(`drop trigger full_disk on everwarm.${table}`);
}

test.each(['the documents', 'the ledger'])(
  'a disk that is full for %s: told, nothing lost, no key blamed, made good when there is space',
  async (what) => {
    const depot = await stocked();
    const free = await fill(depot, what === 'the ledger' ? 'ledger' : projectionTable(await servingId(depot.pool, supplierCard)));
    await rename(depot, 'on a full disk');
    await waitFor(() => depot.failures.some((failure) => failure.includes('No space left')), { what: 'the full disk to be told of' });
    const { models } = await depot.everwarm.status();
    expect(models.every(({ quarantined, failing, stalled }) => quarantined.keys === 0 && failing === 0 && stalled === null)).toBe(true);
    expect((await depot.everwarm.reader.get(supplierCard, 101))?.legalName).toBe('Stays');
    await free();
    await expectEquivalence(depot);
    expect(await hasName(depot, 'on a full disk')()).toBe(true);
  },
);

test('a pool of the application that it uses up itself: Everwarm waits for its turn, says so, and makes it good', async () => {
  const depot = await stocked({ start: false });
  // Everwarm's leader keeps one; the application takes all others.
  const pool = new Pool({ connectionString: depot.database.urlFor('exhausted'), max: 4, connectionTimeoutMillis: 300 });
  pool.on('error', () => undefined);
  onTestFinished(() => pool.end());
  const told: string[] = [];
  const everwarm = createEverwarm({
    postgres: pool,
    redis: depot.redisUrl,
    namespace: depot.space.namespace,
    readModels,
    onError: (error) => told.push(error instanceof Error ? error.message : String(error)),
  });
  onTestFinished(() => everwarm.stop());
  await everwarm.start();
  await everwarm.settled();
  const taken = [await pool.connect(), await pool.connect(), await pool.connect()];
  await rename(depot, 'while the pool was used up');
  await waitFor(() => told.some((line) => /timeout exceeded when trying to connect/.test(line)), {
    what: 'the used-up pool to be told of',
  });
  for (const client of taken) client.release();
  await expectEquivalence({ ...depot, everwarm });
});

test('a Redis that became a replica takes no writes: Postgres answers until it is a primary again', async () => {
  const depot = await stocked({ ownRedis: true });
  await depot.redis.replicaof('127.0.0.1', '1');
  await rename(depot, 'behind a replica');
  await waitFor(hasName(depot, 'behind a replica'), { what: 'the write to be read' });
  expect((await depot.everwarm.reader.raw(supplierCard, 101))?.tier).toBe('postgres');
  await waitFor(() => depot.failures.some((failure) => failure.includes('Redis is behind')), { what: 'the replica to be told of' });
  await depot.redis.replicaof('NO', 'ONE');
  await expectEquivalence(depot);
});

test('a Redis that comes back as one that evicts is not filled, and that is said', async () => {
  const depot = await stocked({ ownRedis: true });
  await depot.redisServer!.kill();
  await rename(depot, 'while Redis was away');
  await waitFor(async () => (await depot.everwarm.status()).redis.owed > 0, { what: 'Redis to be owed', timeoutMs: 30_000 });
  await depot.redisServer!.start();
  await depot.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await depot.redis.flushall();
  const reason = async () => (await depot.everwarm.status()).redis.reason ?? '';
  await waitFor(async () => (await reason()).includes('allkeys-lru'), { what: 'the policy to be told of', timeoutMs: 20_000 });
  expect(await hasName(depot, 'while Redis was away')()).toBe(true);
  await depot.redis.config('SET', 'maxmemory-policy', 'noeviction');
  await expectEquivalence(depot);
});
