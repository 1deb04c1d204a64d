import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { asAdmin, createRedis, providedServers, seededRandom, waitFor } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { tokenOf } from 'everwarm/reader';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { formerSpaces, readEpoch } from '../../libs/everwarm/src/platform/epoch.ts';
import type { FencedRedis } from '../../libs/everwarm/src/stages/write-through/fenced-pipeline.ts';
import { epochPurger } from '../../libs/everwarm/src/stages/write-through/purge-epochs.ts';
import { openProxy } from '../../libs/everwarm/src/torture/proxy.ts';
import { liveTexts, redisCopies } from '../laws/fixtures/copies.ts';
import { depotTables } from '../laws/fixtures/depot-tables.ts';
import { expectEquivalence } from '../laws/fixtures/equivalence.ts';
import type { Depot } from '../laws/fixtures/open-depot.ts';
import { readModels, supplierCard, supplierOrders } from '../laws/fixtures/read-models.ts';
import { stockDepot, writeRandomly } from '../laws/fixtures/write-randomly.ts';
import { startControlledPostgres } from '../torture/servers/postgres.ts';

/** A depot on servers of its own, which reaches Postgres by an address that stays when another server takes over. */
async function openDepotOnReplicatedPostgres() {
  const postgres = await startControlledPostgres(join(providedServers().folder, `epochs-${randomBytes(4).toString('hex')}`));
  onTestFinished(() => postgres.stop());
  const link = await openProxy(postgres.url());
  onTestFinished(() => link.close());
  const redisServer = await createRedis();
  onTestFinished(() => redisServer.stop());
  const redis = new Redis(redisServer.url);
  onTestFinished(() => redis.disconnect());
  const pool = new Pool({ connectionString: link.url, max: 4 });
  // Writers of the test lose their connections with the server.
  pool.on('error', () => undefined).on('connect', (client) => void client.on('error', () => undefined));
  onTestFinished(() => pool.end());
  await asAdmin(link.url, (admin) => admin.query(depotTables));
  const namespace = 'promoted';
  const everwarm = createEverwarm({ postgres: link.url, redis: redisServer.url, namespace, readModels, onError: () => undefined });
  onTestFinished(() => everwarm.stop());
  await everwarm.migrate();
  await everwarm.start();
  /** As the test reads it now. */
  const depot = async () => {
    const { space } = await readEpoch(pool);
    return { pool, redis, everwarm, space: { namespace, epoch: space } } as unknown as Depot;
  };
  const promote = async () => {
    await postgres.promote();
    link.pointTo(postgres.url());
    await waitFor(
      () =>
        pool.query('select').then(
          () => true,
          () => false,
        ),
      { what: 'the new primary to answer' },
    );
  };
  return { postgres, everwarm, redis, pool, depot, promote };
}

const rename = (pool: Pool, name: string) => pool.query(`update "Depot"."Supplier" set "legal Name" = $1 where "supplierId" = 1`, [name]);

test('a replica that lags is promoted under a running process: it goes on, in another namespace, with what the replica has', async () => {
  const { postgres, everwarm, redis, pool, depot, promote } = await openDepotOnReplicatedPostgres();
  const random = seededRandom('promoted replica');
  await stockDepot(pool);
  await writeRandomly(pool, random, 60);
  await everwarm.settled();
  await postgres.addReplica();
  await rename(pool, 'known to both');
  await everwarm.settled();
  const before = await depot();
  await waitForReplica(pool);
  postgres.holdReplicaBack();
  await rename(pool, 'lost');
  await pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (77, 'lost too')`);
  await writeRandomly(pool, random, 30);
  await everwarm.settled();
  expect(liveTexts(await redisCopies(before, supplierCard))['77']).toContain('lost too');

  expect(await everwarm.reader.raw(supplierCard, 77)).toMatchObject({ tier: 'redis' });
  const token = await tokenOf(pool);
  expect(await everwarm.reader.get(supplierCard, 77, { after: token })).toMatchObject({ id: 77 });

  const cutOff = writeRandomly(pool, random, 300).catch(() => undefined);
  await promote();
  await cutOff;
  await writeRandomly(pool, random, 60);
  const after = await depot();
  expect(after.space.epoch).not.toBe(before.space.epoch);
  expect(await expectEquivalence(after, 60_000)).toBeGreaterThan(0);
  // The reader has followed: the namespace that it read from still has the lost one.
  const left = Number(Object.keys(liveTexts(await redisCopies(after, supplierCard)))[0]);
  await waitFor(async () => (await everwarm.reader.raw(supplierCard, left))?.tier === 'redis', { what: 'the reader to trust Redis again' });
  expect(await everwarm.reader.raw(supplierCard, 77)).toBeNull();
  // What was lost is named by a token that the same database once gave; another transaction may have its number now.
  const foreign = expect.objectContaining({ code: 'E_TOKEN' });
  await expect(everwarm.reader.get(supplierCard, 77, { after: token })).rejects.toEqual(foreign);
  await expect(everwarm.reader.list(supplierOrders, 1, { afterToken: token })).rejects.toEqual(foreign);
  await expect(everwarm.reader.get(supplierCard, 77, { after: await tokenOf(pool) })).resolves.toBeNull();
  expect(liveTexts(await redisCopies(after, supplierCard))['77']).toBeUndefined();
  expect(
    liveTexts(await redisCopies(before, supplierCard))['77'],
    'what was lost stays behind in the namespace that nobody reads',
  ).toContain('lost too');

  // In time the former epoch's keys go, and no others.
  const purge = epochPurger(pool, redis as FencedRedis, 'promoted', () => formerSpaces(pool));
  expect(await purge(), 'somebody may still read them').toBe(false);
  await pool.query(`update everwarm.redis_copy set since = since - interval '1 hour'`);
  while (await purge());
  expect((await redisCopies(before, supplierCard)).size).toBe(0);
  await expectEquivalence(after);
});

const waitForReplica = (pool: Pool) =>
  waitFor(
    async () =>
      (await pool.query<{ there: boolean }>('select bool_or(replay_lsn >= pg_current_wal_lsn()) as there from pg_stat_replication')).rows[0]
        ?.there === true,
    { what: 'the replica to have everything' },
  );
