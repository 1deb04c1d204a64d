import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { asAdmin, providedServers, seededRandom } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../libs/everwarm/src/contracts/database.ts';
import { parseSnapshot } from '../../libs/everwarm/src/contracts/snapshot.ts';
import { readEpoch } from '../../libs/everwarm/src/platform/epoch.ts';
import { poll } from '../../libs/everwarm/src/stages/relay/poll.ts';
import { startPostgres } from '../../tools/services/postgres.mjs';
import { depotTables } from '../laws/fixtures/depot-tables.ts';
import { expectEquivalence } from '../laws/fixtures/equivalence.ts';
import { type Depot, openDepot } from '../laws/fixtures/open-depot.ts';
import { readModels } from '../laws/fixtures/read-models.ts';
import { stockDepot, writeRandomly } from '../laws/fixtures/write-randomly.ts';
import { restore } from './fixtures/restore.ts';

/** A depot in a cluster of its own, migrated and empty, on the Redis and in the namespace of another one. */
async function openElsewhere({ redis, redisUrl, space }: Depot) {
  const folder = join(providedServers().folder, `restored-${randomBytes(4).toString('hex')}`);
  const server = await startPostgres({
    folder,
    binariesFolder: join(providedServers().folder, '..', '..'),
    fsync: false,
    database: 'restored',
  });
  onTestFinished(() => server.stop());
  const pool = new Pool({ connectionString: server.url, max: 4 });
  onTestFinished(() => pool.end());
  await asAdmin(server.url, (admin) => admin.query(depotTables));
  const everwarm = createEverwarm({ postgres: server.url, redis: redisUrl, namespace: space.namespace, readModels });
  onTestFinished(() => everwarm.stop());
  await everwarm.migrate();
  const depot = async () => ({ pool, redis, everwarm, space: { ...space, epoch: (await readEpoch(pool)).space } }) as unknown as Depot;
  return { pool, everwarm, depot };
}

const undelivered = async (pool: Pool) => {
  const { rows } = await pool.query<{ snapshot: string }>('select snapshot from everwarm.relay');
  const { changes } = await poll(pool as Database, parseSnapshot(rows[0]!.snapshot));
  return changes.flatMap(({ values }) => values ?? []);
};

test('a dump restored in another cluster: transaction ids of the old one mean nothing, and nothing is lost', async () => {
  const original = await openDepot();
  const random = seededRandom('restored elsewhere');
  const elsewhere = await openElsewhere(original);
  await stockDepot(original.pool);
  await writeRandomly(original.pool, random, 90);
  await original.everwarm.settled();
  // The ids of the original run ahead of those of the other cluster.
  await original.pool.query('do $$ begin for i in 1..20000 loop perform pg_current_xact_id(); commit; end loop; end $$');
  await original.pool.query(`update "Depot"."Supplier" set "legal Name" = 'delivered there' where "supplierId" = 1`);
  await original.everwarm.settled();
  await original.everwarm.stop();
  await writeRandomly(original.pool, random, 30);
  expect((await undelivered(original.pool)).length, 'never delivered there').toBeGreaterThan(0);

  await restore(original.pool, elsewhere.pool, ['Depot', 'everwarm']);
  await elsewhere.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (4711, 'written here')`);
  expect(await undelivered(elsewhere.pool), 'a difference from the old snapshot passes over what is written here').not.toContain('4711');

  await elsewhere.everwarm.start();
  const depot = await elsewhere.depot();
  expect(depot.space.epoch).not.toBe(original.space.epoch);
  await expectEquivalence(depot);
  await writeRandomly(elsewhere.pool, random, 60);
  expect(await expectEquivalence(depot)).toBeGreaterThan(0);
  expect(await undelivered(elsewhere.pool), 'nothing is read again and again').toEqual([]);
});
