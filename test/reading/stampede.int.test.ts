import { type NodeProcess, spawnNode } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { documentKey } from '../../libs/everwarm/src/contracts/names.ts';
import { decodeStored, unwrittenVersion } from '../../libs/everwarm/src/contracts/version.ts';
import { servingId } from '../laws/fixtures/copies.ts';
import { type Depot, openDepot } from '../laws/fixtures/open-depot.ts';
import { readModels, supplierCard } from '../laws/fixtures/read-models.ts';
import { lazyCard } from './fixtures/lazy-card.ts';

const processes = 4;
const reads = 500;

/** Processes that read these keys, one after the other, each whenever it is told. */
async function spawnAskers(depot: Depot, keys: readonly string[]): Promise<NodeProcess[]> {
  const askers = Array.from({ length: processes }, () =>
    spawnNode('test/reading/fixtures/asker.ts', {
      env: {
        ASKER_POSTGRES: depot.database.urlFor('asker'),
        ASKER_REDIS: depot.redisUrl,
        ASKER_NAMESPACE: depot.space.namespace,
        ASKER_READS: String(reads),
        ASKER_WARM: '1',
        ASKER_KEYS: keys.join(','),
      },
    }),
  );
  onTestFinished(() => Promise.all(askers.map((asker) => asker.stop())).then(() => undefined));
  await Promise.all(askers.map((asker) => asker.waitForLine(/^ready/, 90_000)));
  return askers;
}

type Told = { readonly answers: number; readonly bodies: readonly string[]; readonly asked: number };

/** Has all of them read at once, and gives what each says of it. */
async function ask(askers: readonly NodeProcess[], key: string): Promise<Told[]> {
  for (const asker of askers) asker.signal('SIGUSR2');
  const lines = await Promise.all(askers.map((asker) => asker.waitForLine(new RegExp(`^key ${key}: `))));
  return lines.map((line) => JSON.parse(line.slice(line.indexOf('{'))) as Told);
}

test('two thousand readers of a cold key, over four processes, ask the sources once; and once where there is nothing', {
  timeout: 150_000,
}, async () => {
  const depot = await openDepot({ start: false });
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'Warm')`);
  const everwarm = depot.another([...readModels, lazyCard()]);
  await everwarm.migrate();
  await everwarm.start();
  await everwarm.settled();
  const askers = await spawnAskers(depot, ['7', '8', 'lazy7']);
  // Nobody is there to write it to a store.
  await everwarm.stop();
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (7, 'Cold')`);
  const cold = '{"id":7,"legalName":"Cold","orders":[]}';
  for (const [key, body] of [
    ['7', cold],
    ['8', 'none'],
    ['lazy7', cold],
  ] as const) {
    const told = await ask(askers, key);
    expect(told.map(({ answers, bodies }) => ({ answers, bodies }))).toEqual(
      Array.from({ length: processes }, () => ({ answers: reads, bodies: [body] })),
    );
    expect(
      told.reduce((sum, { asked }) => sum + asked, 0),
      `questions about ${key}`,
    ).toBe(1);
  }
});

test('what is known to be absent is there as soon as its row is', async () => {
  const depot = await openDepot();
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'Warm')`);
  await depot.everwarm.settled();
  const { reader } = depot.everwarm;
  const name = documentKey(depot.space, await servingId(depot.pool, supplierCard), '9');
  expect(await reader.get(supplierCard, 9)).toBeNull();
  expect(decodeStored((await depot.redis.getBuffer(name))!)).toMatchObject({ version: unwrittenVersion, body: null });
  expect(await depot.redis.ttl(name)).toBeLessThanOrEqual(30);
  expect(await depot.everwarm.verify(supplierCard)).toMatchObject({ differing: 0 });
  await depot.pool.query(`insert into "Depot"."Supplier" ("supplierId", "legal Name") values (9, 'New')`);
  await depot.everwarm.settled();
  expect(await reader.get(supplierCard, 9)).toMatchObject({ legalName: 'New' });
});
