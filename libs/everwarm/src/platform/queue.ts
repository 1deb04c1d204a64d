import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { RecomputeJob } from '#contracts/job.ts';
import { queuePrefix, queueSetKey } from '#contracts/names.ts';

/** The queues of recompute jobs of one process. */
export type Queues = {
  /** The queue of that name, opened at the first call. */
  named(name: string): Queue<RecomputeJob>;
  /** Whether the queues can be asked now: BullMQ would wait for a Redis that was never there, for ever. */
  isReachable(): boolean;
  /** Closes all that were opened; the caller closes the connection then. */
  close(): Promise<void>;
};

/** How often a queue's name is told again, in milliseconds: Redis may have been emptied. */
const tellEveryMs = 60_000;

/** Queues on one connection that fails fast. Their names are in Redis while they are used. */
export function openQueues(connection: Redis, namespace: string, onError: (error: unknown, during: string) => void): Queues {
  const opened = new Map<string, Queue<RecomputeJob>>();
  const toldAt = new Map<string, number>();
  const tell = (name: string) => {
    const now = performance.now();
    if (now - (toldAt.get(name) ?? Number.NEGATIVE_INFINITY) < tellEveryMs) return;
    toldAt.set(name, now);
    // For whoever looks on; nothing works by it.
    void connection.sadd(queueSetKey(namespace), name).catch(() => toldAt.delete(name));
  };
  return {
    named(name) {
      tell(name);
      const known = opened.get(name);
      if (known) return known;
      const queue = new Queue<RecomputeJob>(name, { connection, prefix: queuePrefix(namespace), skipVersionCheck: true });
      queue.on('error', (error) => onError(error, 'queue'));
      opened.set(name, queue);
      return queue;
    },
    isReachable: () => connection.status === 'ready',
    close: async () => {
      const closing = [...opened.values()].map((queue) => queue.close());
      // One that waits for Redis ends when its connection is cut.
      if (connection.status === 'ready') await Promise.all(closing);
      else for (const queue of closing) queue.catch(() => undefined);
    },
  };
}
