import type { TestDatabase, TestServers } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { postDetailJson } from './post-detail-json.ts';

const batch = 500;
const prefix = 'floor:post:';

/**
 * The floor: one connection writes the documents of 500 posts in one statement, sets the same bytes in Redis in one pipeline, and
 * takes the next 500. No versions, no ledger, no fence. Returns documents per second.
 */
export async function buildOnOneConnection({ redisUrl }: TestServers, database: TestDatabase, posts: number): Promise<number> {
  const client = new Client({ connectionString: database.url, options: '-c jit=off -c plan_cache_mode=force_generic_plan' });
  const redis = new Redis(redisUrl);
  try {
    await client.connect();
    await client.query('create table if not exists floor_documents (id integer primary key, doc text not null)');
    await client.query('truncate floor_documents');
    await client.query('checkpoint');
    const start = performance.now();
    for (let first = 1; first <= posts; first += batch) {
      const ids = Array.from({ length: Math.min(batch, posts - first + 1) }, (_, index) => first + index);
      const { rows } = await client.query<{ id: number; doc: string }>({
        name: 'write',
        text: `insert into floor_documents (id, doc) ${postDetailJson} returning id, doc`,
        values: [ids],
      });
      const pipeline = redis.pipeline();
      for (const { id, doc } of rows) pipeline.set(prefix + id, doc);
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
    }
    return posts / ((performance.now() - start) / 1000);
  } finally {
    await client.end();
    redis.disconnect();
  }
}

/** A document as the floor wrote it. */
export async function floorDocument(redis: Redis, post: number): Promise<unknown> {
  return JSON.parse((await redis.get(prefix + post)) ?? 'null');
}
