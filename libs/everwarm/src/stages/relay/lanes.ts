import type { Queue } from 'bullmq';
import type { Generations } from '#contracts/generations.ts';
import type { RecomputeJob } from '#contracts/job.ts';
import { laneName, recomputeQueue } from '#contracts/names.ts';

/**
 * The queues of recompute jobs. All generations share one, but for those that need a transform: each of these has its own, where
 * only processes listen that have its code. So a job never comes to a process that could only put it back, and what nobody
 * can compute waits without being looked at.
 */
export interface Lanes {
  /** Whether the queues can be asked now. While they cannot, jobs are neither added nor counted. */
  isReachable(): boolean;
  readonly shared: Queue<RecomputeJob>;
  /** The lanes of their own, by generation, as far as the generations are remembered: a job on the shared lane by mistake is left alone there. */
  own(): Promise<ReadonlyMap<number, Queue<RecomputeJob>>>;
}

/** The lanes of a database's generations, on queues that the caller opens once per name and closes. */
export function lanesOf(generations: Generations, queueNamed: (name: string) => Queue<RecomputeJob>, isReachable: () => boolean): Lanes {
  return {
    isReachable,
    shared: queueNamed(recomputeQueue),
    async own() {
      const transformed = (await generations.live()).filter(({ model }) => model.transform !== undefined);
      return new Map(transformed.map((generation) => [generation.id, queueNamed(laneName(generation.hash))]));
    },
  };
}
