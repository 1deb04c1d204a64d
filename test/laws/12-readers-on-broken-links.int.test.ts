import { waitFor } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { trustMs } from '../../libs/everwarm/src/contracts/redis-copy.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { type LinkedReader, openReader } from './fixtures/open-reader.ts';
import { supplierCard } from './fixtures/read-models.ts';

/** Two suppliers, and a reader that was shown the first by Redis. */
async function openWarm(): Promise<LinkedReader & { readonly depot: Depot }> {
  const depot = await openDepot();
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One'), (2, 'Two')`);
  await depot.everwarm.settled();
  const linked = await openReader(depot);
  expect(await linked.reader.raw(supplierCard, 1)).toMatchObject({ tier: 'redis' });
  return { ...linked, depot };
}

const readConnections = async ({ redis }: Depot) =>
  String(await redis.client('LIST'))
    .split('\n')
    .filter((line) => line.includes('name=everwarm-read'))
    .map((line) => /^id=(\d+)/.exec(line)?.[1]);

test('a connection to Redis that went silent holds up one read, not all, and is made anew', async () => {
  const { reader, redis, depot } = await openWarm();
  const before = await readConnections(depot);
  redis.stall();
  // Each of them alone would wait half a second for Redis: all together longer than the test may take.
  for (let read = 0; read < 300; read++) expect(await reader.raw(supplierCard, 1)).toMatchObject({ tier: 'postgres' });
  await waitFor(
    async () => {
      redis.stall();
      await reader.raw(supplierCard, 1);
      redis.heal();
      const now = await readConnections(depot);
      return before.some((id) => !now.includes(id));
    },
    { what: 'the silent connection to be given up' },
  );
  await waitFor(async () => (await reader.raw(supplierCard, 1))?.tier === 'redis', { what: 'Redis to answer again' });
});

test('while Postgres is away, Redis goes on answering, and what it lacks is a clear error', async () => {
  const { reader, postgres } = await openWarm();
  postgres.cut();
  const began = performance.now();
  const tiers = new Set<string | undefined>();
  await waitFor(
    async () => {
      tiers.add((await reader.raw(supplierCard, 1).catch(() => null))?.tier);
      return performance.now() - began > trustMs + 1000;
    },
    { what: 'longer than one look is believed' },
  );
  expect([...tiers]).toEqual(['redis']);
  await expect(reader.raw(supplierCard, 99)).rejects.toMatchObject({ code: 'E_POSTGRES' });
  postgres.heal();
  await waitFor(async () => (await reader.raw(supplierCard, 99)) === null, { what: 'Postgres to answer again' });
});

test('a Postgres that went silent keeps nobody waiting for ever', async () => {
  const { reader, postgres } = await openWarm();
  expect(await reader.raw(supplierCard, 99)).toBeNull();
  postgres.stall();
  // Of 99 it is known by now that there is none.
  await expect(reader.raw(supplierCard, 98)).rejects.toMatchObject({ code: 'E_POSTGRES' });
  expect(await reader.raw(supplierCard, 1)).toMatchObject({ tier: 'redis' });
  postgres.heal();
  await waitFor(async () => (await reader.raw(supplierCard, 98)) === null, { what: 'Postgres to answer again' });
});

test('when both are away, a read says so', async () => {
  const { reader, postgres, redis } = await openWarm();
  redis.cut();
  postgres.cut();
  await waitFor(
    () =>
      reader.raw(supplierCard, 1).then(
        () => false,
        (error: { code?: string }) => error.code === 'E_POSTGRES',
      ),
    {
      what: 'a clear error',
    },
  );
  redis.heal();
  postgres.heal();
  await waitFor(async () => (await reader.raw(supplierCard, 1))?.tier === 'redis', { what: 'Redis to answer again' });
});
