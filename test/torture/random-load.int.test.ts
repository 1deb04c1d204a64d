import { asAdmin, createDatabase, createRedis, seededRandom, waitFor } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { expect, it, onTestFinished } from 'vitest';
import { openRandomLoad } from '../../libs/everwarm/src/torture/random-load.ts';
import { depotTables } from '../laws/fixtures/depot-tables.ts';
import { readModels } from '../laws/fixtures/read-models.ts';
import { readCatalogue, readRows } from '../oracle/source.ts';

it('writes to every table of a schema it has never seen, and whatever it writes comes to the documents', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const redis = await createRedis();
  onTestFinished(() => redis.stop());
  await asAdmin(database.url, (admin) => admin.query(depotTables));
  const everwarm = createEverwarm({ postgres: database.url, redis: redis.url, readModels, namespace: 'random' });
  onTestFinished(() => everwarm.stop());
  await everwarm.migrate();
  await everwarm.start();
  const isSettled = () =>
    everwarm.settled({ timeoutMs: 5000 }).then(
      () => true,
      () => false,
    );
  const load = await openRandomLoad({ postgresUrl: () => database.url, random: seededRandom('random load'), rate: 200, isSettled });
  onTestFinished(() => load.stop());
  load.start();
  await waitFor(() => load.committed() > 200, { what: 'commits', timeoutMs: 30_000 });
  const mark = await load.mark();
  await waitFor(() => mark.isVisible(), { what: 'the mark', timeoutMs: 30_000 });
  await load.stop();
  await everwarm.settled();

  const catalogue = await readCatalogue(database.pool);
  const rows = await readRows(database.pool, catalogue);
  for (const { id } of catalogue) expect(rows(id).length, id).toBeGreaterThan(0);
  for (const model of readModels) expect(await everwarm.verify(model), model.name).toMatchObject({ differing: 0, inFlight: 0 });
  expect((await everwarm.status()).models.find(({ name }) => name === 'supplier_card')?.documents).toBeGreaterThan(0);
});
