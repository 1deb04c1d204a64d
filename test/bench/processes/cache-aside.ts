// Rival of reading: the query behind Redis with a time to live, as most caches are. Up to that long its answers are stale.
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { findPostWith } from '../read/find-post.ts';
import { environment } from './process.ts';
import { contentType, servePosts } from './serve.ts';

const pool = new Pool({ connectionString: environment('DATABASE_URL'), max: 10 });
const redis = new Redis(environment('REDIS_URL'));
const findPost = findPostWith(pool);
const ttlSeconds = Number(environment('CACHE_TTL'));

await servePosts(
  async (reply, id) => {
    const body = (await redis.get(`cache:post:${id}`)) ?? (await fill(id));
    return body ? reply.header('content-type', contentType).send(body) : reply.code(404).send();
  },
  async () => {
    redis.disconnect();
    await pool.end();
  },
);

async function fill(id: string): Promise<string | undefined> {
  const post = await findPost(Number(id));
  if (!post) return undefined;
  const body = JSON.stringify(post);
  await redis.set(`cache:post:${id}`, body, 'EX', ttlSeconds);
  return body;
}
