import { maxJobKeys } from './job.ts';
import { shardOf } from './shard.ts';

/**
 * Cuts keys of one generation into batches. They are sorted by shard first, and full batches end where a shard does, if one ends in
 * their last quarter: two batches then rarely wait for one another.
 */
export function cutKeys(keys: readonly string[]): (readonly string[])[] {
  if (keys.length <= maxJobKeys) return [keys];
  const sorted = keys.map((key) => ({ key, shard: shardOf(key) })).sort((a, b) => a.shard - b.shard || order(a.key, b.key));
  const batches: string[][] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = Math.min(start + maxJobKeys, sorted.length);
    const least = start + maxJobKeys * 0.75;
    let border = end;
    while (border > least && border < sorted.length && sorted[border]?.shard === sorted[border - 1]?.shard) border--;
    if (border > least) end = border;
    batches.push(sorted.slice(start, end).map(({ key }) => key));
    start = end;
  }
  return batches;
}

/** Whole numbers as numbers: rows that lie together are read together. */
function order(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}
