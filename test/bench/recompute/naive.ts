import type { TestDatabase, TestServers } from '@everwarm/testkit';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { startProcess, stopProcess } from '../start-process.ts';

/**
 * The rival: what a team writes first. A BullMQ job per changed post, in it one query for the document, one upsert and one `SET`;
 * 10 jobs at once. Returns documents per second; the jobs are in the queue before the clock starts.
 */
export async function buildNaively({ redisUrl }: TestServers, database: TestDatabase, posts: number): Promise<number> {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue<{ post: number }>('naive', { connection });
  try {
    await database.pool.query('create table if not exists naive_documents (id integer primary key, doc text not null)');
    await database.pool.query('truncate naive_documents');
    const jobs = Array.from({ length: posts }, (_, index) => ({
      name: 'post',
      data: { post: index + 1 },
      opts: { removeOnComplete: true },
    }));
    for (let start = 0; start < posts; start += 1000) await queue.addBulk(jobs.slice(start, start + 1000));
    const start = performance.now();
    const child = await startProcess('test/bench/processes/naive.ts', {
      env: { DATABASE_URL: database.url, REDIS_URL: redisUrl, NAIVE_JOBS: String(posts) },
    });
    const seconds = Number(/^seconds (\S+)$/.exec(await child.waitForLine(/^seconds \S+$/, 300_000))?.[1]);
    await stopProcess(child);
    if (!(seconds > 0 && seconds <= (performance.now() - start) / 1000)) throw new Error(`The naive projector took "${seconds}" seconds.`);
    return posts / seconds;
  } finally {
    await queue.obliterate({ force: true });
    await queue.close();
    connection.disconnect();
  }
}
