// Adds comments from some clients for some seconds, each in a transaction that also writes the post's document, and prints how many a
// second. WRITE_BY says who writes it: Everwarm, which also brings it to Redis before the next one begins, or a select and an upsert.
import { createRandom } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { Pool, type PoolClient } from 'pg';
import { postDetailSql } from '../freshness/post-detail-sql.ts';
import { inlinePostDetail } from '../inline/inline-post-detail.ts';
import { seeded } from '../seed-blog.ts';
import { environment } from './process.ts';

const url = environment('DATABASE_URL');
const [seconds, warmUp] = [Number(environment('WRITE_SECONDS')), Number(environment('WRITE_WARM_UP'))];
const everwarm =
  environment('WRITE_BY') === 'everwarm'
    ? createEverwarm({ postgres: url, redis: environment('REDIS_URL'), readModels: [inlinePostDetail] })
    : null;
const clients = Number(environment('WRITE_CLIENTS'));
const pool = new Pool({ connectionString: url, max: clients });
await rate(warmUp);
console.log(`writes/s ${await rate(seconds)}`);
await pool.end();
await everwarm?.stop();

async function rate(forSeconds: number): Promise<number> {
  const start = performance.now();
  const counts = await Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const random = createRandom(index + process.pid);
      const write = everwarm ? writeInline : writeByHand;
      let count = 0;
      for (; performance.now() < start + forSeconds * 1000; count++)
        await write(random.integer(1, seeded.posts), random.integer(1, seeded.users));
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - start) / 1000);
}

async function insert(client: PoolClient, post: number, author: number): Promise<void> {
  await client.query({
    name: 'insert',
    text: `insert into comments (post_id, author_id, body, status) values ($1, $2, $3, 'approved')`,
    values: [post, author, 'A remark of usual length, neither the first of its kind nor the last, but kindly meant.'],
  });
}

async function writeInline(post: number, author: number): Promise<void> {
  await everwarm?.transaction(pool, (client) => insert(client, post, author), {
    onInlined: ({ left, published }) => {
      if (left.length > 0 || !published) throw new Error('A document was left to the workers.');
    },
  });
}

async function writeByHand(post: number, author: number): Promise<void> {
  const client = await pool.connect();
  await client.query('begin');
  await insert(client, post, author);
  const { rows } = await client.query<{ id: number; doc: string }>({ name: 'select', text: postDetailSql, values: [[post]] });
  await client.query({
    name: 'upsert',
    text: 'insert into documents (id, doc) values ($1, $2) on conflict (id) do update set doc = excluded.doc',
    values: [rows[0]?.id, rows[0]?.doc],
  });
  await client.query('commit');
  client.release();
}
