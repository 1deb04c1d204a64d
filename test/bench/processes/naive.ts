// The rival of recompute: a job per post, a query per job, two writes. Prints how long all of its jobs took.
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { postDetailJson } from '../recompute/post-detail-json.ts';
import { environment, untilStopped } from './process.ts';

const pool = new Pool({ connectionString: environment('DATABASE_URL'), max: 10 });
const redis = new Redis(environment('REDIS_URL'));
const connection = new Redis(environment('REDIS_URL'), { maxRetriesPerRequest: null });
let left = Number(environment('NAIVE_JOBS'));

const start = performance.now();
const worker = new Worker<{ post: number }>(
  'naive',
  async ({ data: { post } }) => {
    const { rows } = await pool.query<{ doc: string }>({ name: 'read', text: postDetailJson, values: [[post]] });
    const doc = rows[0]?.doc;
    if (doc === undefined) return;
    await pool.query({
      name: 'write',
      text: 'insert into naive_documents (id, doc) values ($1, $2) on conflict (id) do update set doc = excluded.doc',
      values: [post, doc],
    });
    await redis.set(`naive:post:${post}`, doc);
  },
  { connection, concurrency: 10 },
);
worker.on('completed', () => {
  left--;
  if (left === 0) console.log(`seconds ${(performance.now() - start) / 1000}`);
});
worker.on('failed', (_, error) => console.error(error));

await untilStopped(async () => {
  await worker.close();
  await pool.end();
  redis.disconnect();
  connection.disconnect();
});
