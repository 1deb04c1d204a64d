import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { asAdmin, providedServers, seededRandom, waitFor } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { readEpoch } from '../../libs/everwarm/src/platform/epoch.ts';
import { startControlledPostgres } from '../torture/servers/postgres.ts';
import { depotTables } from './fixtures/depot-tables.ts';
import { expectEquivalence } from './fixtures/equivalence.ts';
import type { Depot } from './fixtures/open-depot.ts';
import { readModels } from './fixtures/read-models.ts';
import { stockDepot, writeRandomly } from './fixtures/write-randomly.ts';

test('Postgres that is stopped at once and recovers is met by the same process, and told of a few times', async () => {
  const postgres = await startControlledPostgres(join(providedServers().folder, `restarts-${randomBytes(4).toString('hex')}`));
  onTestFinished(() => postgres.stop());
  await asAdmin(postgres.url(), (admin) => admin.query(depotTables));
  const pool = new Pool({ connectionString: postgres.url(), max: 4 });
  // Writers of the test lose their connections with the server.
  pool.on('error', () => undefined).on('connect', (client) => void client.on('error', () => undefined));
  onTestFinished(() => pool.end());
  const { redisUrl } = providedServers();
  const redis = new Redis(redisUrl);
  onTestFinished(() => redis.disconnect());
  const namespace = `restarts-${randomBytes(4).toString('hex')}`;
  const told: string[] = [];
  const everwarm = createEverwarm({
    postgres: postgres.url(),
    redis: redisUrl,
    namespace,
    readModels,
    onError: (error) => told.push(error instanceof Error ? error.message : String(error)),
  });
  onTestFinished(() => everwarm.stop());
  await everwarm.migrate();
  await everwarm.start();
  const depot = { pool, redis, everwarm, space: { namespace, epoch: (await readEpoch(pool)).space } } as unknown as Depot;
  const random = seededRandom('postgres restarts');
  await stockDepot(pool);
  await writeRandomly(pool, random, 30);
  const cutOff = writeRandomly(pool, random, 600).catch(() => undefined);
  await postgres.stopImmediately();
  await waitFor(() => told.some((line) => /ECONNREFUSED|terminat/.test(line)), { what: 'the outage to be told of' });
  await cutOff;
  await postgres.start();
  await writeRandomly(pool, random, 30);
  expect(await expectEquivalence(depot, 60_000)).toBeGreaterThan(0);
  // Each way in which it shows, once: refused, terminated, starting up.
  expect(told.length, told.join('\n')).toBeLessThan(12);
});
