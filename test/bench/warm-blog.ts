import { postDetail } from '@everwarm/blog';
import type { NodeProcess, TestDatabase } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import type { Redis } from 'ioredis';
import type { Bench } from './scenario.ts';
import { createBlogDatabase } from './seed-blog.ts';
import { startProcess, stopProcess } from './start-process.ts';

/** A seeded blog with every document of post_detail in Postgres and Redis, and no worker running. */
export type WarmBlog = {
  /** The caller must drop it. */
  readonly database: TestDatabase;
  /** What comes before the post's id in the Redis key of a document. */
  readonly prefix: string;
  /** Starts Everwarm's worker. The caller must stop it. */
  readonly startWorker: () => Promise<NodeProcess>;
};

/** Makes a {@link WarmBlog}: migrates, lets a worker build, and stops it when all is settled. `redis` is the caller's, on the same server. */
export async function createWarmBlog({ servers, profile }: Bench, redis: Redis, posts?: number): Promise<WarmBlog> {
  const database = await createBlogDatabase(servers, posts);
  try {
    const env = { DATABASE_URL: database.url, REDIS_URL: servers.redisUrl };
    const startWorker = (folder?: string) => startProcess('test/bench/processes/worker.ts', { env, profile: folder });
    // The Redis is this run's, but a scenario before this one may have left documents of a database that is gone.
    await redis.flushall();
    await buildDocuments(database.url, servers.redisUrl, startWorker);
    return { database, prefix: await findPrefix(redis), startWorker: () => startWorker(profile) };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

async function buildDocuments(postgres: string, redis: string, startWorker: () => Promise<NodeProcess>): Promise<void> {
  const everwarm = createEverwarm({ postgres, redis, readModels: [postDetail] });
  try {
    await everwarm.migrate();
    const worker = await startWorker();
    try {
      await everwarm.settled({ timeoutMs: 120_000 });
    } finally {
      await stopProcess(worker);
    }
  } finally {
    await everwarm.stop();
  }
}

/** Finds where the documents are without knowing how the engine names its keys: one that ends in the id and holds the post. */
async function findPrefix(redis: Redis): Promise<string> {
  for await (const keys of redis.scanStream({ match: 'everwarm:*:1', type: 'string', count: 1000 }) as AsyncIterable<string[]>) {
    for (const key of keys) if ((await redis.get(key))?.includes('{"id":1,"title":')) return key.slice(0, -1);
  }
  throw new Error('Redis holds no document of post 1 after Everwarm had settled.');
}
