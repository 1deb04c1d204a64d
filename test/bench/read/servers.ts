import type { NodeProcess } from '@everwarm/testkit';
import type { Redis } from 'ioredis';
import type { Bench } from '../scenario.ts';
import { startProcess } from '../start-process.ts';
import type { WarmBlog } from '../warm-blog.ts';

/** What the keys of bare documents begin with. */
export const barePrefix = 'bare:post:';

/** Starts the blog's API as users run it. The caller must stop it. */
export async function startApi({ servers, profile }: Bench, { database }: WarmBlog): Promise<NodeProcess> {
  const env = { DATABASE_URL: database.url, REDIS_URL: servers.redisUrl, PORT: '0' };
  return startProcess('apps/api/src/main.ts', { env, profile, ready: /listening on/ });
}

/** Writes the bytes of documents from 1 on under plain keys, for the floors. */
export async function copyBareDocuments(redis: Redis, prefix: string, posts: number): Promise<void> {
  const pipeline = redis.pipeline();
  for (let post = 1; post <= posts; post++) {
    const held = await redis.getBuffer(prefix + post);
    if (!held) throw new Error(`Redis does not hold post ${post} after Everwarm had settled.`);
    pipeline.set(barePrefix + post, held.subarray(held.indexOf('{')));
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}
