import { postDetail, readModels } from '@everwarm/blog';
import type { NodeProcess, TestDatabase } from '@everwarm/testkit';
import { type AnyModel, createEverwarm } from 'everwarm';
import type { Redis } from 'ioredis';
import type { Bench } from './scenario.ts';
import { createBlogDatabase } from './seed-blog.ts';
import { startProcess, stopProcess } from './start-process.ts';

/** A seeded blog with every document in Postgres and Redis, and no worker running. */
export type WarmBlog = {
  /** The caller must drop it. */
  readonly database: TestDatabase;
  /** What comes before the post's id in the Redis key of a document of post_detail. */
  readonly prefix: string;
  /** Starts Everwarm's worker. The caller must stop it. */
  readonly startWorker: () => Promise<NodeProcess>;
};

/** What is in a warm blog: by default the posts that every scenario works on, and post_detail alone. */
export type WarmBlogOptions = { readonly posts?: number; readonly models?: readonly AnyModel[] };

/** Makes a {@link WarmBlog}: migrates, lets a worker build, and stops it when all is settled. `redis` is the caller's, on the same server. */
export async function createWarmBlog(
  { servers, profile }: Bench,
  redis: Redis,
  { posts, models = [postDetail] }: WarmBlogOptions = {},
): Promise<WarmBlog> {
  const database = await createBlogDatabase(servers, posts);
  try {
    const env = { DATABASE_URL: database.url, REDIS_URL: servers.redisUrl, WORKER_MODELS: models.map(({ name }) => name).join(',') };
    const startWorker = (folder?: string) => startProcess('test/bench/processes/worker.ts', { env, profile: folder });
    // The Redis is this run's, but a scenario before this one may have left documents of a database that is gone.
    await redis.flushall();
    await buildDocuments(database.url, servers.redisUrl, models, startWorker);
    const prefix = await findPrefix(redis, (document) => document.includes('"comments":['));
    return { database, prefix, startWorker: () => startWorker(profile) };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

async function buildDocuments(
  postgres: string,
  redis: string,
  models: readonly AnyModel[],
  startWorker: () => Promise<NodeProcess>,
): Promise<void> {
  const everwarm = createEverwarm({ postgres, redis, readModels: models });
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

/** Finds where documents of posts are without knowing how the engine names its keys: one that ends in the id, holds the post and is `right`. */
export async function findPrefix(redis: Redis, right: (document: string) => boolean): Promise<string> {
  for await (const keys of redis.scanStream({ match: 'everwarm:*:1', type: 'string', count: 1000 }) as AsyncIterable<string[]>) {
    for (const key of keys) {
      const document = await redis.get(key);
      if (document?.includes('{"id":1,"title":') && right(document)) return key.slice(0, -1);
    }
  }
  throw new Error('Redis holds no such document of post 1 after Everwarm had settled.');
}

/** The read models that a worker is told to keep, by their names with commas between them. */
export function modelsNamed(names: string): readonly AnyModel[] {
  const wanted = names.split(',');
  return readModels.filter(({ name }) => wanted.includes(name));
}
