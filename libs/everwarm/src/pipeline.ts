import { randomUUID } from 'node:crypto';
import type { Generation } from '#contracts/compiled.ts';
import type { Database, Sessions, Transactions } from '#contracts/database.ts';
import type { Generations } from '#contracts/generations.ts';
import { lastsMs, lazyTerms } from '#contracts/lazy.ts';
import { type KeySpace, laneName, queuePrefix, recomputeQueue } from '#contracts/names.ts';
import { blameOf } from '#contracts/statement-error.ts';
import type { FailedKey, Transforms } from '#contracts/transform.ts';
import type { Redis } from '#platform/clients.ts';
import { type Epoch, formerSpaces } from '#platform/epoch.ts';
import type { Queues } from '#platform/queue.ts';
import { startDuties } from './duties.ts';
import { onceAnOutage } from './once-an-outage.ts';
import { redisDuties } from './redis-duties.ts';
import { watchTables } from './stages/capture/watch-tables.ts';
import type { LockedBatch } from './stages/recompute/batch.ts';
import { drainLedger } from './stages/recompute/drain.ts';
import { Ease } from './stages/recompute/ease.ts';
import { finishDirect } from './stages/recompute/finish-direct.ts';
import { noticeAbsent } from './stages/recompute/notice-absent.ts';
import { startRecomputeWorkers } from './stages/recompute/recompute-worker.ts';
import { retryFailed } from './stages/recompute/retry-failed.ts';
import { turns } from './stages/recompute/turns.ts';
import { ledgerCounter } from './stages/relay/count-ledger.ts';
import { deltaFolder } from './stages/relay/fold-deltas.ts';
import { lanesOf } from './stages/relay/lanes.ts';
import { promoteBuilt } from './stages/relay/promote.ts';
import { reconcileStep, startAnew } from './stages/relay/reconcile.ts';
import { refill, worthwhileAt } from './stages/relay/refill.ts';
import { Relay } from './stages/relay/relay.ts';
import { forgetUnused } from './stages/relay/reset-aggregates.ts';
import { rotate } from './stages/relay/rotate.ts';
import { setBases } from './stages/relay/set-bases.ts';
import { oweDue } from './stages/relay/timers.ts';
import { fanOutWalker } from './stages/relay/walk-fan-outs.ts';
import { foldCounts } from './stages/write-through/counts.ts';
import type { FencedRedis } from './stages/write-through/fenced-pipeline.ts';
import { forgetKeys, publishDocuments } from './stages/write-through/publish.ts';
import { publishEntries } from './stages/write-through/publish-entries.ts';
import { purgeDropped } from './stages/write-through/purge.ts';
import { epochPurger } from './stages/write-through/purge-epochs.ts';
import { purgeSpent } from './stages/write-through/purge-spent.ts';
import { type AbsentKey, type WrittenDocument, writeDocuments } from './stages/write-through/write-documents.ts';
import { type WrittenEntry, writeEntries } from './stages/write-through/write-entries.ts';
import { writeLazy } from './stages/write-through/write-lazy.ts';
import { writeTimers } from './stages/write-through/write-timers.ts';

/** What the pipeline runs on; all of it is opened, checked and closed by the caller. */
export type PipelineParts = {
  /** Both are of this epoch alone. */
  readonly pool: Sessions;
  readonly db: Transactions;
  readonly generations: Generations;
  readonly epoch: Epoch;
  readonly namespace: string;
  readonly writer: FencedRedis;
  readonly queues: Queues;
  readonly transforms: Transforms;
  /** The definitions among this process's own that need a transform, by hash: it listens on the lanes of these too. */
  readonly transformed: readonly string[];
  /** Opens a connection for one worker. */
  readonly connectWorker: () => Redis;
  readonly concurrency: number;
  /** How large a document may be, in bytes; absent: the engine's own maximum. */
  readonly maxDocumentBytes: number | undefined;
  /** How many keys of a read model one change may dirty before it is held. */
  readonly fuse: (model: string) => number;
  readonly onError: (error: unknown, during: string) => void;
};

/** A running pipeline. `stop` lets running batches finish. */
export type Pipeline = { readonly relay: Relay; waitUntilReady(): Promise<unknown>; stop(): Promise<void> };

type Written = { readonly failed: readonly FailedKey[] } & (
  | { readonly documents: readonly WrittenDocument[]; readonly absent: readonly AbsentKey[] }
  | { readonly entries: readonly WrittenEntry[] }
);

/**
 * ★ The whole system in order. A writer's transaction put its changes into the outbox (capture, in Postgres). From there:
 *
 *   relay     outbox → ledger → job      what committed since the last look, resolved to the keys it affects
 *   recompute job → locks → version      what the ledger says is owed, one number per batch, drawn under its locks
 *   write     one SQL → Postgres         documents or entries derived and written in the batch's transaction, fenced;
 *                                        and when the time alone will change them next
 *   publish   Postgres → Redis           what was committed, fenced again
 *   acknowledge                          out of the ledger, when both stores have it
 *
 * The duties run beside it in the leader: they make good what a crash, a flush or a lost job left undone.
 */
export function startPipeline(parts: PipelineParts): Pipeline {
  const { pool, db, generations, epoch, namespace, writer, queues, transforms } = parts;
  const space: KeySpace = { namespace, epoch: epoch.space };
  const copy = redisDuties({ db, generations, writer, space, leads: () => relay.leads, onError: onceAnOutage(parts.onError) });
  const onError = copy.report;

  const lanes = lanesOf(
    generations,
    (name) => queues.named(name),
    () => queues.isReachable(),
  );
  const relay = new Relay({ id: randomUUID(), pool, db, lanes, generations, fuse: parts.fuse, onError });

  const publish = async (generation: Generation, written: Written) => {
    if ('entries' in written) return publishEntries(writer, space, db, generation, written.entries);
    await publishDocuments(writer, space, generation.id, written.documents, lastsMs(generation.lifecycle));
    await forgetKeys(writer, space, generation.id, written.absent);
  };
  const ease = new Ease(parts.concurrency);
  const takeTurn = turns(() => ease.limit);
  const recompute = {
    db,
    epoch: epoch.ordinal,
    generations,
    transforms,
    write: async (tx: Database, batch: LockedBatch): Promise<Written> => {
      const start = performance.now();
      const [lazy, transform] = [lazyTerms(batch.lifecycle), transforms.of(batch.generation)];
      const written: Written =
        batch.generation.model.kind === 'list'
          ? { entries: await writeEntries(tx, batch), failed: [] }
          : lazy
            ? await writeLazy(tx, batch, lazy, transform, parts.maxDocumentBytes)
            : await writeDocuments(tx, batch, transform, parts.maxDocumentBytes);
      if (!lazy) await writeTimers(tx, batch);
      ease.note(batch.keys.length, performance.now() - start);
      return written;
    },
    publish,
    onError,
  };
  const workers = startRecomputeWorkers<Written>({
    ...recompute,
    queues: [recomputeQueue, ...parts.transformed.map(laneName)].map((name) => queues.named(name)),
    connect: parts.connectWorker,
    prefix: queuePrefix(namespace),
    concurrency: parts.concurrency,
    takeTurn,
  });

  /** A generation whose own SQL cannot run stalls by itself; whatever else failed is for the duties to report. */
  const leaveAside = async (error: unknown) => {
    const blame = blameOf(error);
    if (blame === null || (await generations.stall(blame.generation, error instanceof Error ? error.message : String(error)))) throw error;
  };

  const direct = { ...recompute, concurrency: parts.concurrency, takeTurn, redis: copy.view, finish: finishDirect(db, copy.view, publish) };
  const stopOwnDuties = startDuties(() => true, onError, [
    ...copy.everywhere,
    { name: 'drain', everyMs: 1000, run: async (again) => again((await drainLedger(direct)) ? 0 : copy.view().behind ? 250 : 1000) },
    {
      name: 'deaf workers',
      everyMs: 2000,
      run: async () => copy.view().usable && queues.isReachable() && Promise.all(workers.map((worker) => worker.replaceIfDeaf())),
    },
    { name: 'transforms', everyMs: 1000, run: noticeAbsent(generations, transforms, onError) },
    { name: 'retry', everyMs: 250, run: async (again) => (await retryFailed(direct, 'values', takeTurn)) && again(0) },
    // Beside the turns: what takes a minute for nothing must not take it from others.
    { name: 'retry of slow keys', everyMs: 1000, run: async (again) => (await retryFailed(direct, 'slow')) && again(0) },
  ]);
  const fold = deltaFolder(db);
  const countLedger = ledgerCounter(db);
  const walkFanOuts = fanOutWalker({
    db,
    fuse: parts.fuse,
    onHeld: (error) => onError(error, 'fuse'),
    onLost: (error) => onError(error, 'fan-outs'),
  });
  const purgeEpochs = epochPurger(db, writer, namespace, () => formerSpaces(db));
  let turn = 0;
  const stopDuties = startDuties(() => relay.leads, onError, [
    {
      name: 'refill',
      everyMs: 500,
      run: async () => (copy.view().usable ? relay.measureRoom().then(() => refill(db, lanes, worthwhileAt(turn++))) : relay.noRoom()),
    },
    { name: 'count ledger', everyMs: 5000, run: async (again) => again(await countLedger()) },
    { name: 'timers', everyMs: 250, run: async (again) => again(await oweDue(db, lanes)) },
    { name: 'reconcile', everyMs: 250, run: async (again) => (await reconcileStep(db).catch(leaveAside)) && again(0) },
    { name: 'fan-outs', everyMs: 100, run: async (again) => (await walkFanOuts().catch(leaveAside)) && again(0) },
    { name: 'watch tables', everyMs: 2000, run: async () => watchTables(db, startAnew) },
    { name: 'fold', everyMs: 200, run: async (again) => (await fold()) && again(0) },
    { name: 'bases', everyMs: 500, run: async (again) => (await setBases(db)) && again(0) },
    { name: 'aggregates', everyMs: 10_000, run: async () => forgetUnused(db) },
    { name: 'promote', everyMs: 200, run: async () => promoteBuilt(db) },
    ...copy.leading,
    { name: 'fold counts', everyMs: 500, run: async () => foldCounts(db) },
    {
      name: 'purge of what is spent',
      everyMs: 30_000,
      run: async (again) => copy.view().usable && (await purgeSpent({ db, redis: writer, space }, await generations.live())) && again(100),
    },
    { name: 'purge', everyMs: 10_000, run: async () => purgeDropped(db, writer, space) },
    { name: 'purge epochs', everyMs: 10_000, run: async (again) => (await purgeEpochs()) && again(100) },
    { name: 'rotate', everyMs: 5000, run: async () => relay.delivered && rotate(db, relay.delivered) },
  ]);

  relay.run();
  return {
    relay,
    waitUntilReady: () => Promise.all(workers.map((worker) => worker.waitUntilReady())),
    stop: async () => {
      await Promise.all([
        // First of all: a standby leads within a poll of this, whatever else takes its time.
        relay.stop(),
        stopOwnDuties(),
        stopDuties(),
        // Without Redis no job can be ended, and BullMQ would wait for it for ever; the ledger still owes the keys of those at hand.
        ...workers.map((worker) => worker.close(!copy.view().usable || !worker.isConnected)),
      ]);
    },
  };
}
