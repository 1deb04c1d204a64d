import { waitFor } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { openDepot } from './fixtures/open-depot.ts';
import { readModels } from './fixtures/read-models.ts';
import { stockDepot } from './fixtures/write-randomly.ts';

test('a worker that starts while Redis is away works on Postgres, says so, and stops at once', async () => {
  const depot = await openDepot({ ownRedis: true, start: false });
  await depot.redisServer!.kill();
  const started = depot.another(readModels);
  await started.start();
  expect(depot.failures.some((failure) => failure.startsWith('start') && failure.includes('Redis'))).toBe(true);
  await stockDepot(depot.pool);
  await waitFor(async () => (await started.status()).redis.owed > 0, { what: 'keys to be owed to Redis alone', timeoutMs: 30_000 });
  const { redis } = await started.status();
  expect(redis).toMatchObject({ reachable: false, state: 'behind', reason: expect.any(String) });
  expect(redis.owed).toBeGreaterThan(0);
  const doctor = await started.doctor();
  expect(doctor.find(({ check }) => check === 'Redis has everything')?.problem).toContain('keys are owed');
  await started.stop();

  const next = depot.another(readModels);
  await next.start();
  await depot.redisServer!.start();
  await expectEquivalence({ ...depot, everwarm: next });
});
