import type { JobsOptions, Queue } from 'bullmq';
import { maxJobKeys, type RecomputeJob } from '#contracts/job.ts';
import { shardOf } from '#contracts/shard.ts';
import type { Lanes } from './lanes.ts';
import type { OwedKey } from './owe.ts';

/** Jobs are only wake-up tokens: they are forgotten when done, and a failed one is not retried here but by the ledger's lease. */
const jobOptions: JobsOptions = { removeOnComplete: { count: 200 }, removeOnFail: { count: 500 }, attempts: 1 };

/** A key to enqueue, and whether it may wait behind single changes. */
export type QueuedKey = Pick<OwedKey, 'generation' | 'key'> & { readonly bulk: boolean };

/** Enqueues keys, each on the lane of its generation. Returns how many jobs were added. */
export async function enqueue(lanes: Lanes, keys: readonly QueuedKey[]): Promise<number> {
  const byQueue = new Map<Queue<RecomputeJob>, QueuedKey[]>();
  const own = await lanes.own();
  for (const key of keys) {
    const queue = own.get(key.generation) ?? lanes.shared;
    const group = byQueue.get(queue);
    if (group) group.push(key);
    else byQueue.set(queue, [key]);
  }
  let jobs = 0;
  for (const [queue, group] of byQueue) jobs += await enqueueOn(queue, group);
  return jobs;
}

/**
 * Enqueues recompute jobs. Keys are sorted by shard before they are cut into jobs, so that large jobs rarely share a shard and
 * take turns only with what truly concerns the same keys. Bulk keys get a lower priority. Returns how many jobs were added.
 */
async function enqueueOn(queue: Queue<RecomputeJob>, keys: readonly QueuedKey[]): Promise<number> {
  const lanes = new Map<string, { generation: number; bulk: boolean; keys: string[] }>();
  for (const { generation, key, bulk } of keys) {
    const id = `${generation} ${bulk}`;
    const lane = lanes.get(id) ?? { generation, bulk, keys: [] };
    lane.keys.push(key);
    lanes.set(id, lane);
  }
  const jobs = [...lanes.values()].flatMap(({ generation, bulk, keys: laneKeys }) =>
    cut(laneKeys).map((part) => ({
      name: String(generation),
      data: { generation, keys: part },
      opts: bulk ? { ...jobOptions, priority: 10 } : jobOptions,
    })),
  );
  if (jobs.length > 0) await queue.addBulk(jobs);
  return jobs.length;
}

/** Full jobs end where a shard does, if one ends in their last quarter: two jobs then rarely wait for one another. */
function cut(keys: string[]): string[][] {
  if (keys.length <= maxJobKeys) return [keys];
  const sorted = keys.map((key) => ({ key, shard: shardOf(key) })).sort((a, b) => a.shard - b.shard || order(a.key, b.key));
  const jobs: string[][] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = Math.min(start + maxJobKeys, sorted.length);
    const least = start + maxJobKeys * 0.75;
    let border = end;
    while (border > least && border < sorted.length && sorted[border]?.shard === sorted[border - 1]?.shard) border--;
    if (border > least) end = border;
    jobs.push(sorted.slice(start, end).map(({ key }) => key));
    start = end;
  }
  return jobs;
}

/** Whole numbers as numbers: rows that lie together are read together. */
function order(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}
