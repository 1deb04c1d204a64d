import type { Redis } from 'ioredis';

/** The keys of one kind of list in Redis, each with a `%` where the partition goes. */
export type ListKeys = { readonly page: string; readonly entries: string };

/** Finds where the only list's partitions are without knowing how the engine names its keys: sorted sets, each with a hash beside it. */
export async function findListKeys(redis: Redis, partition: string): Promise<ListKeys> {
  for await (const keys of redis.scanStream({ match: `everwarm:*:${partition}}:*`, type: 'zset', count: 1000 }) as AsyncIterable<
    string[]
  >) {
    const [page] = keys;
    if (page === undefined) continue;
    const stem = page.slice(0, page.lastIndexOf(`${partition}}:`));
    const [entries] = await redis.keys(`${stem.replaceAll(/[\\*?[\]]/g, '\\$&')}${partition}}:entries`);
    if (entries === undefined) continue;
    return {
      page: `${stem}%${page.slice(stem.length + partition.length)}`,
      entries: `${stem}%${entries.slice(stem.length + partition.length)}`,
    };
  }
  throw new Error(`Redis holds no list with a partition ${partition} after Everwarm had settled.`);
}
