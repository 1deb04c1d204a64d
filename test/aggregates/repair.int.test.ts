import { randomBytes } from 'node:crypto';
import { createDatabase, providedServers, waitFor } from '@everwarm/testkit';
import { createEverwarm, type Everwarm } from 'everwarm';
import type { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { gateCounts, gatePage, readModels, roadPage } from './fixtures/read-models.ts';
import { tollTables } from './fixtures/toll-schema.ts';

/** Toll roads with a worker. */
async function openToll(): Promise<{ pool: Pool; everwarm: Everwarm; failures: string[] }> {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await database.pool.query(tollTables);
  const failures: string[] = [];
  const everwarm = createEverwarm({
    postgres: database.urlFor('everwarm'),
    redis: providedServers().redisUrl,
    namespace: `toll-${randomBytes(6).toString('hex')}`,
    readModels,
    onError: (error, during) => failures.push(`${during}: ${error instanceof Error ? error.message : String(error)}`),
  });
  onTestFinished(() => everwarm.stop());
  await everwarm.migrate();
  await everwarm.start();
  await everwarm.settled();
  return { pool: database.pool, everwarm, failures };
}

const allReady = (pool: Pool) =>
  waitFor(async () => (await pool.query('select from everwarm.aggregates where not ready')).rowCount === 0, {
    what: 'all bases',
    timeoutMs: 60_000,
  });

const add = (id: number) =>
  `insert into "Toll"."Passage" (id, "Opened", "gateNo", kind, weight, fee) values (${id}, '2024-01-31', 1, 'truck', 50000, 2.5)`;

const key = { opened: '2024-01-31', no: 1 };

async function expectNoDifference(everwarm: Everwarm): Promise<void> {
  for (const model of readModels) expect(await everwarm.verify(model), model.name).toMatchObject({ differing: 0, findings: [] });
}

test('a worker sets bases, folds deltas for good, and derives documents from both', async () => {
  const { pool, everwarm, failures } = await openToll();
  await allReady(pool);
  for (let id = 1; id <= 30; id++) await pool.query(add(id));
  await everwarm.settled();
  expect(await everwarm.reader.get(gatePage, key)).toMatchObject({
    passages: 30,
    trucks: 30,
    fees: '75.00',
    meanFee: expect.stringMatching(/^2\.50*$/),
  });
  expect(await everwarm.reader.get(roadPage, 2)).toMatchObject({ gates: expect.arrayContaining([{ no: 1, trucks: 30, fees: '75.00' }]) });
  await waitFor(async () => (await pool.query('select from everwarm.aggregate_deltas')).rowCount === 0, { what: 'the fold' });
  await pool.query('delete from "Toll"."Passage" where id > 10');
  await everwarm.settled();
  expect(await everwarm.reader.get(gateCounts, key)).toMatchObject({ passages: 10 });
  await pool.query(`truncate "Toll"."Passage"; ${add(1)}`);
  await everwarm.settled();
  expect(await everwarm.reader.get(gateCounts, key)).toMatchObject({ passages: 1, trucks: 1 });
  await expectNoDifference(everwarm);
  expect(failures).toEqual([]);
});

test('a wrong base is found before it is used and after, and a rebuild sets it right', async () => {
  const { pool, everwarm, failures } = await openToll();
  await pool.query(add(1));
  await everwarm.settled();
  await allReady(pool);
  await waitFor(async () => (await pool.query('select from everwarm.aggregate_deltas')).rowCount === 0, { what: 'the fold' });
  await expectNoDifference(everwarm);
  await pool.query('update everwarm.aggregate_bases set rows = rows + 5');
  const cause = 'what is kept of an aggregate differs from its rows';
  expect((await everwarm.verify(gateCounts)).findings).toEqual([{ key: '["2024-01-31","1"]', layer: 'postgres', cause }]);
  await pool.query(add(2));
  await everwarm.settled();
  expect(await everwarm.reader.get(gateCounts, key)).toMatchObject({ passages: 7 });
  expect((await everwarm.verify(gateCounts)).findings).toEqual([
    { key: '["2024-01-31","1"]', layer: 'postgres', cause },
    { key: '["2024-01-31","1"]', layer: 'postgres', cause: 'text differs from the source' },
  ]);
  for (const model of readModels) await everwarm.rebuild(model);
  await expectNoDifference(everwarm);
  await allReady(pool);
  await pool.query(add(3));
  await everwarm.settled();
  expect(await everwarm.reader.get(gateCounts, key)).toMatchObject({ passages: 3 });
  await expectNoDifference(everwarm);
  expect(failures).toEqual([]);
});

test('doctor names an aggregate that cannot be kept in this database', async () => {
  const { pool, everwarm } = await openToll();
  await allReady(pool);
  const look = async () => (await everwarm.doctor()).find(({ check }) => check === 'every aggregate is kept as it could be')?.problem;
  expect(await look()).toBe(null);
  await pool.query('alter table "Toll"."Passage" alter column fee type numeric(10, 3)');
  const problem = 'gate_page.fees: fee is of type numeric(10,3), not a number of 2 digits behind the point';
  await waitFor(async () => (await look())?.includes(problem), { what: 'the aggregates over fees to be named', timeoutMs: 60_000 });
  await pool.query(add(1));
  await everwarm.settled();
  expect(await everwarm.reader.get(gatePage, key)).toMatchObject({ fees: '2.500' });
  await expectNoDifference(everwarm);
});
