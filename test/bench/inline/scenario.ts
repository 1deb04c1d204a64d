import { spawnNode, type TestDatabase } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { Redis } from 'ioredis';
import { compare } from '../compare.ts';
import { inTurns } from '../rounds.ts';
import type { Bench, Result, Scenario } from '../scenario.ts';
import { createBlogDatabase, seeded } from '../seed-blog.ts';
import { stopProcess } from '../start-process.ts';
import { formatNumber } from '../table.ts';
import { createWarmBlog, type WarmBlog } from '../warm-blog.ts';
import { compareDocuments, createDocuments } from './by-hand.ts';
import { inlinePostDetail } from './inline-post-detail.ts';

const warmUpSeconds = 2;

/** Everwarm's side: without its worker, whose work is not the writers' transactions, and with it on the same machine. */
type Load = { readonly clients: number; readonly withWorker: boolean };
const loads: readonly Load[] = [
  { clients: 1, withWorker: false },
  { clients: 8, withWorker: false },
  { clients: 8, withWorker: true },
];

/**
 * What a transaction costs that writes the document it changes: Everwarm's against one that does the same insert, the same select and the
 * same upsert by hand, through the same driver, prepared. Everwarm's also records the change, locks the document, gives it a version and
 * brings it to Redis before the client goes on; by hand, none of that is done.
 */
export const inline: Scenario = {
  name: 'inline',
  what: "comments added/s by transactions that also write the post's document: inline, and by hand; 1 and 8 clients",
  async run(bench) {
    const redis = new Redis(bench.servers.redisUrl);
    const databases: TestDatabase[] = [];
    try {
      const blog = await createWarmBlog(bench, redis, { models: [inlinePostDetail] });
      databases.push(blog.database);
      const byHand = await createBlogDatabase(bench.servers);
      databases.push(byHand);
      await createDocuments(byHand);
      await compareDocuments(blog.database, byHand);
      const results: Result[] = [];
      for (const load of loads) results.push(await measureLoad(bench, load, blog, byHand));
      return results;
    } finally {
      for (const database of databases) await database.drop();
      redis.disconnect();
    }
  },
};

async function measureLoad(bench: Bench, load: Load, blog: WarmBlog, byHand: TestDatabase): Promise<Result> {
  const { clients, withWorker } = load;
  const row = `${clients} ${clients === 1 ? 'client' : 'clients'}${withWorker ? ', a worker beside them' : ''}`;
  const sides = [
    { name: 'everwarm', measure: () => measureEverwarm(bench, load, blog) },
    { name: 'by hand', measure: () => measureByHand(bench, load, byHand) },
  ] as const;
  const measured = await inTurns(bench.rounds, sides, (name, round, measures) =>
    bench.log(`  ${row}  round ${round}  ${name.padEnd(8)}  ${formatNumber(measures['writes'] ?? 0)} writes/s`),
  );
  return compare({
    scenario: 'inline',
    row,
    unit: 'writes/s',
    better: 'higher',
    measure: 'writes',
    everwarm: measured.get('everwarm'),
    against: 'insert, select and upsert by hand',
    other: measured.get('by hand'),
  });
}

async function measureEverwarm(bench: Bench, { clients, withWorker }: Load, { database, startWorker }: WarmBlog) {
  await reset(database);
  await settle(bench, database, startWorker);
  const worker = withWorker ? await startWorker() : null;
  try {
    return await write(bench, database, clients, 'everwarm');
  } finally {
    if (worker) await stopProcess(worker);
  }
}

async function measureByHand(bench: Bench, { clients }: Load, database: TestDatabase) {
  await reset(database);
  return write(bench, database, clients, 'by hand');
}

/** What the last round added goes, so that every round begins alike; the checkpoint of it is not this round's. */
async function reset({ pool }: TestDatabase): Promise<void> {
  await pool.query(`delete from comments where id > ${seeded.posts * seeded.commentsPerPost}`);
  await pool.query('vacuum (analyze)');
  await pool.query('checkpoint');
}

/** What the last round captured is worked off, and its deltas are folded. */
async function settle({ servers }: Bench, { url }: TestDatabase, startWorker: WarmBlog['startWorker']): Promise<void> {
  const everwarm = createEverwarm({ postgres: url, redis: servers.redisUrl, readModels: [inlinePostDetail] });
  const worker = await startWorker();
  try {
    await everwarm.settled({ timeoutMs: 120_000 });
  } finally {
    await stopProcess(worker);
    await everwarm.stop();
  }
}

async function write(
  { servers, seconds = 10 }: Bench,
  { url }: TestDatabase,
  clients: number,
  by: 'everwarm' | 'by hand',
): Promise<{ writes: number }> {
  const child = spawnNode('test/bench/processes/write-inline.ts', {
    env: {
      NODE_ENV: 'production',
      DATABASE_URL: url,
      REDIS_URL: servers.redisUrl,
      WRITE_BY: by,
      WRITE_CLIENTS: String(clients),
      WRITE_SECONDS: String(seconds),
      WRITE_WARM_UP: String(warmUpSeconds),
    },
  });
  const { code } = await child.exited;
  const writes = /^writes\/s (\S+)$/m.exec(child.output())?.[1];
  if (code !== 0 || !writes) throw new Error(`A process that writes ended with code ${code}:\n${child.output()}`);
  return { writes: Number(writes) };
}
