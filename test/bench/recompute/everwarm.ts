import { postDetail } from '@everwarm/blog';
import type { TestDatabase } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import type { Bench } from '../scenario.ts';
import { startProcess, stopProcess } from '../start-process.ts';

/**
 * Lets a worker derive and write every document of a database that has none, and returns documents per second, from the moment
 * the worker runs until everything is settled in both stores. Redis must be empty.
 */
export async function buildWithEverwarm({ servers, profile }: Bench, database: TestDatabase, posts: number): Promise<number> {
  const everwarm = createEverwarm({ postgres: database.url, redis: servers.redisUrl, readModels: [postDetail] });
  try {
    await everwarm.migrate();
    await database.pool.query('checkpoint');
    const env = { DATABASE_URL: database.url, REDIS_URL: servers.redisUrl, WORKER_MODELS: postDetail.name };
    const worker = await startProcess('test/bench/processes/worker.ts', { env, profile });
    try {
      const start = performance.now();
      await everwarm.settled({ timeoutMs: 300_000 });
      return posts / ((performance.now() - start) / 1000);
    } finally {
      await stopProcess(worker);
    }
  } finally {
    await everwarm.stop();
  }
}
