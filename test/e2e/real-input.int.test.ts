import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readModels } from '@everwarm/blog';
import { createDatabase, createRedis, type NodeProcess, spawnNode, type TestDatabase, type TestRedis, waitFor } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../tools/services/home.mjs';

/** A real community's dump where it lies beside the repository, else any given by EVERWARM_DUMP; a generated blog where there is none. */
const dump = [process.env['EVERWARM_DUMP'], join(repositoryRoot, '..', 'shared', 'data', 'stackexchange-meta-french')].find(
  (folder): folder is string => folder !== undefined && existsSync(folder),
);

let database: TestDatabase;
let redis: TestRedis;
let processes: NodeProcess[];
let env: Record<string, string>;

beforeEach(async () => {
  [database, redis] = await Promise.all([createDatabase(), createRedis()]);
  processes = [];
  env = { DATABASE_URL: database.urlFor('real-input'), REDIS_URL: redis.url };
  await run('libs/blog/src/cli/main.ts', ['migrate']);
  await run('libs/everwarm/src/cli/main.ts', ['migrate']);
});

afterEach(async () => {
  await Promise.all(processes.map((child) => child.stop()));
  await redis.stop();
  await database.drop();
});

describe('real input', () => {
  it('is equal in all copies after a replay with a killed worker and an emptied Redis in its middle, and after plain SQL', async () => {
    let worker = await startWorker();
    const writing = start(
      'libs/blog/src/cli/main.ts',
      dump ? ['import', dump, '--replay', '--limit', '1500'] : ['generate', '--posts', '300', '--seed', '7'],
    );
    await waitFor(async () => (await count('select count(*) from comments')) > 100, { what: 'comments to arrive', timeoutMs: 60_000 });

    worker.signal('SIGKILL');
    await worker.exited;
    worker = await startWorker();
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    expect(await writing.exited, writing.output()).toEqual({ code: 0, signal: null });
    await expectNoDifference();

    await database.pool.query(`update users set name = 'Plain SQL' where id = (select author_id from posts order by id limit 1)`);
    await database.pool.query('update posts set category_id = (select max(id) from categories) where id = (select min(id) from posts)');
    await database.pool.query('delete from comments where id in (select id from comments where parent_id is null order by id limit 5)');
    await database.pool.query('truncate post_votes');
    await expectNoDifference();
    const renamed = await database.pool.query(`select doc ->> 'name' as name from everwarm.author_page where doc ->> 'name' = 'Plain SQL'`);
    expect(renamed.rows).toHaveLength(1);
    expect(await count(`select count(*) from everwarm.post_detail where (doc ->> 'score')::integer <> 0`)).toBe(0);
  }, 180_000);

  it.runIf(dump)(
    'is equal in all copies after a bulk load into an empty database',
    async () => {
      await startWorker();
      await run('libs/blog/src/cli/main.ts', ['import', dump ?? '', '--bulk']);
      await expectNoDifference();
      expect(await count('select count(*) from everwarm.post_detail')).toBe(
        await count(`select count(*) from posts where status = 'published'`),
      );
    },
    120_000,
  );
});

/** Settles, and lets `verify` and a count of documents say that every key of every read model was checked and none differs. */
async function expectNoDifference(): Promise<void> {
  const everwarm = createEverwarm({ postgres: database.urlFor('verify'), redis: redis.url, readModels });
  try {
    await everwarm.settled({ timeoutMs: 60_000 });
    for (const model of readModels) {
      const { checked, differing, inFlight, findings } = await everwarm.verify(model);
      expect({ name: model.name, differing, inFlight, findings }).toEqual({ name: model.name, differing: 0, inFlight: 0, findings: [] });
      expect(checked, model.name).toBeGreaterThan(0);
    }
  } finally {
    await everwarm.stop();
  }
}

async function startWorker(): Promise<NodeProcess> {
  const worker = start('apps/worker/src/main.ts', []);
  await worker.waitForLine(/ready/);
  return worker;
}

function start(entry: string, args: readonly string[]): NodeProcess {
  const child = spawnNode(entry, { args, env });
  processes.push(child);
  return child;
}

async function run(entry: string, args: readonly string[]): Promise<void> {
  const child = start(entry, args);
  expect(await child.exited, child.output()).toEqual({ code: 0, signal: null });
}

async function count(sql: string): Promise<number> {
  const { rows } = await database.pool.query<{ count: string }>(sql);
  return Number(rows[0]?.count);
}
