import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { RecomputeJob } from '#contracts/job.ts';
import { queuePrefix } from '#contracts/names.ts';

/** The queues of recompute jobs of one process. */
export type Queues = {
  /** The queue of that name, opened at the first call. */
  named(name: string): Queue<RecomputeJob>;
  /** Closes all that were opened. */
  close(): Promise<void>;
};

/** Queues on one connection that fails fast. */
export function openQueues(connection: Redis, namespace: string, onError: (error: unknown, during: string) => void): Queues {
  const opened = new Map<string, Queue<RecomputeJob>>();
  return {
    named(name) {
      const known = opened.get(name);
      if (known) return known;
      const queue = new Queue<RecomputeJob>(name, { connection, prefix: queuePrefix(namespace), skipVersionCheck: true });
      queue.on('error', (error) => onError(error, 'queue'));
      opened.set(name, queue);
      return queue;
    },
    close: async () => void (await Promise.all([...opened.values()].map((queue) => queue.close()))),
  };
}
