import type { Job, Queue } from 'bullmq';
import type { Generation } from '#contracts/compiled.ts';
import type { Generations } from '#contracts/generations.ts';
import type { RecomputeJob } from '#contracts/job.ts';
import { canCompute, type Transforms } from '#contracts/transform.ts';
import { forget } from './acknowledge.ts';
import { LaneWorker, type WorkerConnection } from './lane-worker.ts';
import { type KeyParts, type Outcome, publishAndAcknowledge, recomputeKeys } from './recompute-keys.ts';
import type { Turns } from './turns.ts';

/** What a worker works with. `write` and `publish` are the write-through stage, given by the pipeline. */
export type WorkerParts<W extends Outcome> = Omit<KeyParts<W>, 'finish' | 'later'> & {
  readonly transforms: Transforms;
  /** The lanes to take jobs from. */
  readonly queues: readonly Queue<RecomputeJob>[];
  /** Opens a connection for one worker, closed by the caller. */
  readonly connect: () => WorkerConnection;
  readonly prefix: string;
  /** How many batches run at once, over all lanes. */
  readonly concurrency: number;
  /** Bounds the batches at once over everything in this process that recomputes. */
  readonly takeTurn: Turns;
  /** Writes what was committed to Redis. */
  readonly publish: (generation: Generation, written: W) => Promise<void>;
};

/** The parts of one lane's worker. */
type Lane<W extends Outcome> = KeyParts<W> & Pick<WorkerParts<W>, 'transforms'>;

/** Starts the workers that recompute, one for each lane. They reject no job: what fails stays owed in the ledger, with the reason. */
export function startRecomputeWorkers<W extends Outcome>(parts: WorkerParts<W>): LaneWorker[] {
  const { connect, prefix, concurrency, takeTurn } = parts;
  return parts.queues.map((queue) => {
    const lane: Lane<W> = {
      ...parts,
      finish: (generation, written, done) => publishAndAcknowledge(parts.db, parts.publish, generation, written, done),
      later: async ({ id }, keys, delay) => void (await queue.add(String(id), { generation: id, keys }, { delay, removeOnComplete: true })),
    };
    return new LaneWorker({
      queue,
      connect,
      prefix,
      concurrency,
      take: (job) => takeTurn(() => recomputeJob(lane, job)),
      onError: parts.onError,
    });
  });
}

async function recomputeJob<W extends Outcome>(parts: Lane<W>, job: Job<RecomputeJob>): Promise<void> {
  const generation = await parts.generations.byId(job.data.generation);
  if (!generation) return forget(parts.db, job.data.generation);
  // It came here before its lane was known; the refiller finds the right one. No attempt is counted.
  if (!canCompute(parts.transforms, generation)) return;
  // Its keys stay owed until its statements run again, and then every key of it is looked at.
  if (generation.stalled !== null && (await isStalled(parts.generations, generation.id))) return;
  await recomputeKeys(parts, generation, job.data.keys);
}

async function isStalled(generations: Generations, id: number): Promise<boolean> {
  return (await generations.look()).some((generation) => generation.id === id && generation.stalled !== null);
}
