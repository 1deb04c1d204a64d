import type { JobsOptions, Queue } from 'bullmq';
import { cutKeys } from '#contracts/cut-keys.ts';
import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { giveBack } from '#contracts/give-back.ts';
import type { RecomputeJob } from '#contracts/job.ts';
import type { Lanes } from './lanes.ts';
import type { OwedKey } from './owe.ts';

/** Jobs are only wake-up tokens: they are forgotten when done, and a failed one is not retried here but by the ledger's lease. */
const jobOptions: JobsOptions = { removeOnComplete: { count: 200 }, removeOnFail: { count: 500 }, attempts: 1 };

/** A key to enqueue, and whether it may wait behind single changes. */
export type QueuedKey = Pick<OwedKey, 'generation' | 'key'> & { readonly bulk: boolean };

/** Enqueues keys, each on the lane of its generation. Returns how many jobs were added. */
async function enqueue(lanes: Lanes, keys: readonly QueuedKey[]): Promise<number> {
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

/** The same for keys that are marked as enqueued already: where that fails, they are so no more. Rejects then. */
export async function enqueueOrGiveBack(db: Database, lanes: Lanes, keys: readonly QueuedKey[]): Promise<number> {
  try {
    if (!lanes.isReachable()) throw new EverwarmError('E_REDIS', 'The queues cannot be reached: no job was added.');
    return await enqueue(lanes, keys);
  } catch (error) {
    await giveBack(db, keys);
    throw error;
  }
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
    cutKeys(laneKeys).map((part) => ({
      name: String(generation),
      data: { generation, keys: part },
      opts: bulk ? { ...jobOptions, priority: 10 } : jobOptions,
    })),
  );
  if (jobs.length > 0) await queue.addBulk(jobs);
  return jobs.length;
}
