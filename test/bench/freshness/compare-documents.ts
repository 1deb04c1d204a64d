import type { Redis } from 'ioredis';
import { seeded } from '../seed-blog.ts';
import type { Chain } from './chain.ts';

/**
 * Throws unless both sides made the same documents, byte for byte (Everwarm's follow a header): otherwise they did not do the
 * same work. Returns how long a document is on average.
 */
export async function compareDocuments(redis: Redis, everwarm: Chain, floor: Chain): Promise<number> {
  const posts = Array.from({ length: seeded.posts }, (_, index) => index + 1);
  const ours = await redis.mgetBuffer(posts.map((post) => everwarm.prefix + post));
  const theirs = await redis.mgetBuffer(posts.map((post) => floor.prefix + post));
  let total = 0;
  for (const [index, document] of theirs.entries()) {
    const held = ours[index];
    if (!document || !held?.subarray(held.indexOf('{')).equals(document))
      throw new Error(`Post ${posts[index]} has another document on either side:\n${String(held)}\n${String(document)}`);
    total += document.length;
  }
  return total / posts.length;
}
