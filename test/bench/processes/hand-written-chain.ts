// The floor of freshness. Polls its outbox as often as Everwarm's relay does, computes and stores the documents of the posts
// it found in one statement, and sets them in Redis in one pipeline. No queue, no ledger, no versions, and one thing at a time,
// since nothing else would keep an older document from overwriting a newer one.
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { postDetailSql } from '../freshness/post-detail-sql.ts';
import { environment, untilStopped } from './process.ts';

const pollMs = 2;

// Emptying the outbox need not reach the disk before the documents do: it would only add a flush that the floor does not owe.
const outbox = new Client({ connectionString: environment('DATABASE_URL'), options: '-c synchronous_commit=off' });
// Planning this query for every handful of ids costs twice what running it does; a skilled hand finds out.
const documents = new Client({
  connectionString: environment('DATABASE_URL'),
  options: '-c jit=off -c plan_cache_mode=force_generic_plan',
});
const redis = new Redis(environment('REDIS_URL'));
const prefix = environment('CHAIN_PREFIX');

await Promise.all([outbox.connect(), documents.connect()]);
let stopping = false;
const ended = carry();
await untilStopped(async () => {
  stopping = true;
  await ended;
  await Promise.all([outbox.end(), documents.end()]);
  redis.disconnect();
});

async function carry(): Promise<void> {
  while (!stopping) {
    const { rows } = await outbox.query<{ post_id: number }>({
      name: 'poll',
      text: 'delete from chain_outbox where ctid = any(array(select ctid from chain_outbox limit 500)) returning post_id',
    });
    if (rows.length > 0) await carryOver([...new Set(rows.map((row) => row.post_id))]);
    await pause(pollMs);
  }
}

async function carryOver(posts: readonly number[]): Promise<void> {
  const { rows } = await documents.query<{ id: number; doc: string }>({
    name: 'write',
    text: `insert into chain_documents (id, doc) ${postDetailSql} on conflict (id) do update set doc = excluded.doc returning id, doc`,
    values: [posts],
  });
  const pipeline = redis.pipeline();
  for (const { id, doc } of rows) pipeline.set(prefix + id, doc);
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}
