import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { RecomputeJob } from '#contracts/job.ts';
import { queuePrefix, recomputeQueue } from '#contracts/names.ts';

/** The queue of recompute jobs on a connection that fails fast. */
export function openQueue(connection: Redis, namespace: string, onError: (error: unknown, during: string) => void): Queue<RecomputeJob> {
  const queue = new Queue<RecomputeJob>(recomputeQueue, { connection, prefix: queuePrefix(namespace), skipVersionCheck: true });
  queue.on('error', (error) => onError(error, 'queue'));
  return queue;
}
