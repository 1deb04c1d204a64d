import { createDatabase, createRandom, createRedis, waitFor } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { formatVersion } from '../../libs/everwarm/src/contracts/version.ts';
import { CommitHistory } from '../../libs/everwarm/src/torture/commit-history.ts';
import { openStage } from '../../libs/everwarm/src/torture/open-stage.ts';
import { leftUndone } from '../../libs/everwarm/src/torture/owed.ts';
import { compareLag, compareVersions } from '../../libs/everwarm/src/torture/sample-stores.ts';
import { program } from './programs.ts';
import { buildYard, openYard } from './world/open-yard.ts';

/** Whole processes start, several times as slowly on a loaded machine. */
const patience = 180_000;

async function openRunningYard() {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const redis = await createRedis();
  onTestFinished(() => redis.stop());
  const namespace = 'yard';
  await buildYard({ postgres: database.url, redis: redis.url, namespace });
  const story: string[] = [];
  const stage = await openStage({
    postgresUrl: () => database.url,
    redisUrl: () => redis.url,
    namespace,
    programs: [program('worker-1', 'worker', 'world/worker.ts'), program('reader-1', 'reader', 'world/reader.ts')],
    log: (line) => void story.push(line),
  });
  onTestFinished(async () => void (await stage.close()));
  const { load, judge } = openYard({ stage, random: createRandom(5), rate: 60 });
  onTestFinished(() => judge.stop());
  onTestFinished(() => load.stop());
  return { database, redis, stage, load, judge, story };
}

it('the yard without any fault breaks no law, and everything that was committed is in every copy', { timeout: patience }, async () => {
  const { load, judge, story } = await openRunningYard();
  load.start();
  await waitFor(() => judge.reads() > 500 && load.committed() > 100, { what: 'reads and commits', timeoutMs: 60_000 });
  const mark = await load.mark();
  await waitFor(() => mark.isVisible(), { what: 'the mark to be seen by every copy and reader', timeoutMs: 60_000 });
  await load.stop();
  expect({ differing: await judge.compareAll(), violations: judge.violations() }, story.join('\n')).toEqual({
    differing: 0,
    violations: [],
  });
  expect(load.tally.rolledBack).toBeGreaterThan(0);
});

it('what is wrong in a copy, in the ledger or in the lag is found', { timeout: patience }, async () => {
  const { database, redis, stage, judge } = await openRunningYard();
  await waitFor(() => judge.reads() > 0, { what: 'readers that read' });
  const { pool } = database;
  await waitFor(async () => (await leftUndone(pool)).length === 0, { what: 'the documents to be made' });
  // Whoever would put it right is gone.
  for (const child of stage.processes) await child.kill();
  const key = '["north","1"]';
  const stores = await judge.stores();
  const floors = new Map<string, string>();
  expect(await compareVersions(stores, floors)).toEqual([]);
  const { rows } = await pool.query<{ id: number; version: string }>(
    `select id, p.version from everwarm.generations, lateral (select version from everwarm.vessel_sheet where key = $1) p where name = 'vessel_sheet'`,
    [key],
  );
  const { id, version } = rows[0]!;
  const lawsOf = async () => (await compareVersions(stores, floors)).map(({ law }) => law);

  const client = new Redis(redis.url);
  onTestFinished(() => client.disconnect());
  const name = `${stores.space.namespace}:${stores.space.epoch}:${id}:${key}`;
  const held = await client.get(name);
  await client.set(name, formatVersion(1, 10n ** 15n) + held!.slice(version.length));
  // It looks at some documents at a time.
  await waitFor(async () => (await lawsOf()).includes(4), { what: 'a version in Redis that Postgres does not have' });
  await client.set(name, held!);

  await waitFor(async () => (await lawsOf()).length === 0 && floors.has(`${id} ${key}`), { what: 'a look at the document' });
  await pool.query(`update everwarm.projection_${id} set version = '0001-0000000000000000000' where key = $1`, [key]);
  await waitFor(async () => (await lawsOf()).includes(3), { what: 'a version in Postgres that went down' });
  await pool.query(`update everwarm.projection_${id} set version = $2 where key = $1`, [key, version]);

  expect(await leftUndone(pool)).toEqual([]);
  await pool.query(`insert into everwarm.ledger (generation, key, since) values ($1, $2, now())`, [id, key]);
  expect(await leftUndone(pool)).toEqual([expect.stringContaining('1 keys in the ledger')]);
  await pool.query('delete from everwarm.ledger');

  const history = new CommitHistory(() => undefined);
  const lag = (lagMs: number) =>
    compareLag({ status: async () => ({ models: [], outbox: { oldestMs: lagMs } }) }, history, async () => new Map([['s', 1]]));
  history.committed('s', 2, Date.now() - 5000);
  expect((await lag(5000)).violation).toBe(null);
  expect((await lag(1000)).violation).toMatchObject({ law: 10 });

  await pool.query(`update everwarm.projection_${id} set doc = replace(doc, '"cargo":10', '"cargo":11') where key = $1`, [key]);
  expect(await judge.compareAll()).toBeGreaterThan(0);
  const told = judge.violations().map(({ law, detail }) => `${law} ${detail}`);
  expect(
    told.some((line) => line.startsWith(`6 vessel_sheet ${key} in postgres`)),
    told.join('\n'),
  ).toBe(true);
  expect(
    told.some((line) => line.startsWith(`6 vessel_sheet in Postgres ${JSON.stringify(key)}`)),
    told.join('\n'),
  ).toBe(true);
});
