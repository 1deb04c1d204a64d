import {
  createDatabase,
  createRedis,
  type NodeProcess,
  providedServers,
  spawnNode,
  type TestDatabase,
  type TestRedis,
  waitFor,
} from '@everwarm/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { warmTemplate } from './fixtures/warm-template.ts';

let database: TestDatabase;
let redis: TestRedis;
const started: NodeProcess[] = [];

beforeAll(async () => {
  [database, redis] = await Promise.all([createDatabase({ template: warmTemplate }), createRedis()]);
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((child) => child.stop()));
});

afterAll(async () => {
  await redis?.stop();
  await database?.drop();
});

const start = (app: 'api' | 'worker' | 'console', env: Record<string, string> = {}) => {
  const child = spawnNode(`apps/${app}/src/main.ts`, {
    env: { DATABASE_URL: database.urlFor(app), REDIS_URL: redis.url, PORT: '0', ...env },
  });
  started.push(child);
  return child;
};

const count = async (sql: string) => Number((await database.pool.query(`select count(*) from ${sql}`)).rows[0].count);

test('a worker that is told to end finishes what it holds, leaves nothing locked, and the next one does the rest', async () => {
  const worker = start('worker');
  await worker.waitForLine(/^worker ready$/, 40_000);
  await database.pool.query(`
    insert into users (name) select 'Member ' || i from generate_series(1, 20) i;
    insert into categories (slug, name) values ('one', 'One');
    insert into posts (author_id, category_id, title, body, status, published_at)
      select 1 + i % 20, 1, 'Post ' || i, repeat('x', 2000), 'published', now() from generate_series(1, 1500) i`);
  await waitFor(async () => (await count('everwarm.post_detail')) > 0, { what: 'the first documents', timeoutMs: 20_000 });
  worker.signal('SIGTERM');
  expect(await worker.exited, worker.output()).toEqual({ code: 0, signal: null });
  expect(worker.output()).toBe('worker ready\n');
  expect(await count(`pg_stat_activity where datname = current_database() and application_name = 'worker'`)).toBe(0);

  await start('worker').waitForLine(/^worker ready$/, 40_000);
  await waitFor(async () => (await count('everwarm.post_detail')) === 1500 && (await count('everwarm.ledger')) === 0, {
    what: 'every document',
    timeoutMs: 40_000,
  });
});

test('a worker publishes a scheduled post when it is due', async () => {
  await start('worker').waitForLine(/^worker ready$/, 40_000);
  const { rows } = await database.pool.query<{ id: number }>(`
    with u as (insert into users (name) values ('Author') returning id), c as (insert into categories (slug, name) values ('due', 'Due') returning id)
    insert into posts (author_id, category_id, title, body, status, scheduled_for)
      select u.id, c.id, 'Due', 'b', 'scheduled', date_trunc('milliseconds', now()) + make_interval(secs => s) from u, c, (values (0), (3600)) later (s) returning id`);
  const [due, later] = rows.map(({ id }) => id);
  await waitFor(async () => (await count(`everwarm.post_detail where key = '${due}' and doc is not null`)) === 1, {
    what: 'the post to be read',
    timeoutMs: 20_000,
  });
  expect(await count(`posts where id = ${later} and status = 'scheduled'`)).toBe(1);
});

test('what is wrong with the surroundings is one line and code 1', async () => {
  const evicting = await createRedis({ maxmemoryPolicy: 'allkeys-lru' });
  const nowhere = { DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/nowhere' };
  const notMigrated = { DATABASE_URL: providedServers().postgresUrl };
  const noRedis = { REDIS_URL: 'redis://127.0.0.1:1' };
  try {
    await Promise.all([
      expectRefusal('api', notMigrated, /^api: .*Run everwarm migrate/),
      expectRefusal('worker', nowhere, /^worker: Postgres at nobody@127\.0\.0\.1:1\/nowhere/),
      expectRefusal('worker', notMigrated, /^worker: .*Run everwarm migrate/),
      expectRefusal('worker', { REDIS_URL: evicting.url }, /^worker: .*allkeys-lru/),
      expectRefusal('console', noRedis, /^console: Redis at 127\.0\.0\.1:1/),
    ]);
  } finally {
    await evicting.stop();
  }
});

async function expectRefusal(app: 'api' | 'worker' | 'console', env: Record<string, string>, says: RegExp): Promise<void> {
  const child = start(app, env);
  expect(await child.exited, child.output()).toEqual({ code: 1, signal: null });
  expect(child.output()).toMatch(says);
  expect(child.output().trimEnd().split('\n')).toHaveLength(1);
  expect(child.output()).not.toMatch(/secret| {4}at /);
}
