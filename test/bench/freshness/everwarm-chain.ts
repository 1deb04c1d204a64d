import type { Redis } from 'ioredis';
import type { Bench } from '../scenario.ts';
import { createWarmBlog } from '../warm-blog.ts';
import type { Chain } from './chain.ts';

/** Everwarm keeping post_detail. Its worker runs only while measured. */
export async function everwarmChain(bench: Bench, redis: Redis): Promise<Chain> {
  const { database, prefix, startWorker } = await createWarmBlog(bench, redis);
  return { database, prefix, start: startWorker, drop: () => database.drop() };
}
