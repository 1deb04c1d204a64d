import { createDatabase, createRedis } from '@everwarm/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { libraryConfig, libraryTables, projectFolder } from './project-folder.ts';

async function openLibrary() {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await database.pool.query(libraryTables);
  const redis = await createRedis();
  onTestFinished(() => redis.stop());
  const library = await projectFolder(libraryConfig('library'));
  onTestFinished(() => library.remove());
  const services = { databaseUrl: database.url, redisUrl: redis.url };
  return { database, torture: (...args: string[]) => library.everwarm(['torture', '--json', ...args], services) };
}

it('breaks what it may around the read models of a configuration, on a scratch database, and finds every law kept', async () => {
  const { torture } = await openLibrary();
  const faults = ['kill-worker', 'redis-outage-1s', 'jobs-dropped', 'flushall'];
  const run = await torture('--scratch', '--redis-is-scratch', '--minutes', '0.25', '--seed', '3', '--faults', faults.join(','));
  expect(run.code, run.stdout + run.stderr).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({ seed: 3, minutes: 0.25, violations: [], differing: 0 });
  expect((JSON.parse(run.stdout) as { faults: { name: string }[] }).faults.map(({ name }) => name).toSorted()).toEqual(faults.toSorted());
}, 240_000);

it('writes into no database that nobody called scratch, names it, and empties no Redis that it may not', async () => {
  const { database, torture } = await openLibrary();
  const refused = await torture();
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain(database.name);
  expect(await torture('--scratch', '--faults', 'flushall')).toMatchObject({ code: 2, stdout: '' });
  const { rows } = await database.pool.query('select count(*)::integer as books from books');
  expect(rows).toEqual([{ books: 2 }]);
});
