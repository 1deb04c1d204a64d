import { type ConnectionOptions, type Job, type Queue, Worker } from 'bullmq';
import type { Generation } from '#contracts/compiled.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import type { Generations } from '#contracts/generations.ts';
import type { RecomputeJob } from '#contracts/job.ts';
import { isStatementError } from '#contracts/statement-error.ts';
import { reached } from '#contracts/steps.ts';
import { canCompute, type FailedKey, type Transforms } from '#contracts/transform.ts';
import { acknowledge, forget, noteFailure } from './acknowledge.ts';
import { type LockedBatch, recomputeBatch } from './batch.ts';
import { turns } from './turns.ts';

/** What a worker works with. `write` and `publish` are the write-through stage, given by the pipeline. */
export type WorkerParts<W extends Outcome> = {
  readonly db: Transactions;
  readonly epoch: number;
  readonly generations: Generations;
  readonly transforms: Transforms;
  /** The lanes to take jobs from. */
  readonly queues: readonly Queue<RecomputeJob>[];
  readonly connection: ConnectionOptions;
  readonly prefix: string;
  /** How many batches run at once, over all lanes. */
  readonly concurrency: number;
  /** Derives and writes the batch to Postgres, inside its transaction. */
  readonly write: (tx: Database, batch: LockedBatch) => Promise<W>;
  /** Writes what was committed to Redis. */
  readonly publish: (generation: Generation, written: W) => Promise<void>;
  readonly onError: (error: unknown, during: string) => void;
};

/** What writing a batch tells of it besides what `publish` needs: the keys that are not written, each with its reason. */
type Outcome = { readonly failed: readonly FailedKey[] };

/** The parts of one lane's worker. */
type Lane<W extends Outcome> = WorkerParts<W> & { readonly queue: Queue<RecomputeJob> };

/** How soon keys whose shard was busy are tried again, in milliseconds. */
const busyRetryMs = 10;

/** How soon keys are tried again whose tables somebody held, in milliseconds. */
const lockedRetryMs = 100;

/** Starts the BullMQ workers that recompute, one for each lane. They reject no job: what fails stays owed in the ledger, with the reason. */
export function startRecomputeWorkers<W extends Outcome>(parts: WorkerParts<W>): Worker<RecomputeJob>[] {
  const { connection, prefix, concurrency } = parts;
  const takeTurn = turns(concurrency);
  return parts.queues.map((queue) => {
    const lane: Lane<W> = { ...parts, queue };
    const worker = new Worker<RecomputeJob>(queue.name, (job) => takeTurn(() => recomputeJob(lane, job)), {
      connection,
      prefix,
      concurrency,
    });
    worker.on('error', (error) => parts.onError(error, 'worker'));
    return worker;
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

/**
 * Recomputes keys. When a value among them makes the statement fail, they are halved until it stands alone and the rest are
 * through; when the statement itself is wrong, all are noted at once and the generation stalls. Anything else (a server is away) rejects: the keys stay
 * owed, and their lease brings them back.
 */
async function recomputeKeys<W extends Outcome>(parts: Lane<W>, generation: Generation, keys: readonly string[]): Promise<void> {
  const outcome = await recomputeBatch(parts.db, parts.epoch, generation, keys, parts.write).catch((error: unknown) => ({
    error,
    blame: blameFor(error),
  }));
  if ('error' in outcome) {
    if (outcome.blame === 'server') throw outcome.error;
    if (outcome.blame === 'lock') return again(parts, generation, keys, lockedRetryMs);
    if (outcome.blame === 'value' && keys.length > 1) {
      const middle = keys.length >> 1;
      await recomputeKeys(parts, generation, keys.slice(0, middle));
      return recomputeKeys(parts, generation, keys.slice(middle));
    }
    await noteFailure(parts.db, generation.id, keys, outcome.error);
    // Told once, however many batches meet it.
    if (isStatementError(outcome.error) && !(await parts.generations.stall(generation.id, outcome.error.message))) return;
    parts.onError(outcome.error, `recompute of ${generation.name}`);
    return;
  }
  const { written, claims, busy } = outcome;
  if (written !== null) {
    reached('recompute.committed');
    await parts.publish(generation, written);
    reached('publish.done');
  }
  const failed = written?.failed ?? [];
  const hasFailed = new Set(failed.map(({ key }) => key));
  if (claims.length > 0) reached('acknowledge.before');
  await acknowledge(
    parts.db,
    generation.id,
    claims.filter(({ key }) => !hasFailed.has(key)),
  );
  for (const { key, error } of failed) await noteFailure(parts.db, generation.id, [key], error);
  if (failed[0]) parts.onError(failed[0].error, `recompute of ${generation.name}`);
  if (busy.length > 0) await again(parts, generation, busy, busyRetryMs);
}

async function again<W extends Outcome>(parts: Lane<W>, generation: Generation, keys: readonly string[], delay: number): Promise<void> {
  await parts.queue.add(String(generation.id), { generation: generation.id, keys }, { delay, removeOnComplete: true });
}

async function isStalled(generations: Generations, id: number): Promise<boolean> {
  return (await generations.look()).some((generation) => generation.id === id && generation.stalled !== null);
}

/** Whom an error of the recompute statement is about, by its SQLSTATE: one value, the statement, another session, or the server. */
function blameFor(error: unknown): 'value' | 'statement' | 'lock' | 'server' {
  const state = error instanceof Error && 'code' in error ? String(error.code) : '';
  // 21 cardinality, 22 data, 23 constraint, 54 limit; 57014 is the statement's timeout.
  // 55P03 and 40P01: a table that somebody holds whole, for a DDL statement or a TRUNCATE.
  if (state === '55P03' || state === '40P01') return 'lock';
  if (/^(21|22|23|54)...$/.test(state) || state === '57014') return 'value';
  return isStatementError(error) ? 'statement' : 'server';
}
