import type { Generation } from '#contracts/compiled.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import type { Generations } from '#contracts/generations.ts';
import { isStatementError } from '#contracts/statement-error.ts';
import { reached } from '#contracts/steps.ts';
import type { FailedKey } from '#contracts/transform.ts';
import { acknowledge, noteFailure } from './acknowledge.ts';
import { type Claim, type LockedBatch, recomputeBatch } from './batch.ts';

/** What writing a batch tells of it besides what `publish` needs: the keys that are not written, each with its reason. */
export type Outcome = { readonly failed: readonly FailedKey[] };

/** What recomputing keys works with, whoever asked for it: a job, or the drain of what no job brings. */
export type KeyParts<W extends Outcome> = {
  readonly db: Transactions;
  readonly epoch: number;
  readonly generations: Generations;
  /** Derives and writes the batch to Postgres, inside its transaction. */
  readonly write: (tx: Database, batch: LockedBatch) => Promise<W>;
  /** Brings what was committed to Redis and then these keys out of the ledger. */
  readonly finish: (generation: Generation, written: W | null, done: readonly Claim[]) => Promise<void>;
  /** Has keys tried again soon, which could not be tried now. */
  readonly later: (generation: Generation, keys: readonly string[], delayMs: number) => Promise<void>;
  readonly onError: (error: unknown, during: string) => void;
};

/** How soon keys whose shard was busy are tried again, in milliseconds. */
const busyRetryMs = 10;

/** How soon keys are tried again whose tables somebody held, in milliseconds. */
const lockedRetryMs = 100;

/**
 * Recomputes keys. When a value among them makes the statement fail, they are halved until it stands alone and the rest are
 * through; when the statement itself is wrong, all are noted at once and the generation stalls. Anything else (a server is away) rejects: the keys stay
 * owed, and their lease brings them back.
 */
export async function recomputeKeys<W extends Outcome>(parts: KeyParts<W>, generation: Generation, keys: readonly string[]): Promise<void> {
  const outcome = await recomputeBatch(parts.db, parts.epoch, generation, keys, parts.write).catch((error: unknown) => ({
    error,
    blame: blameFor(error),
  }));
  if ('error' in outcome) {
    if (outcome.blame === 'server') throw outcome.error;
    if (outcome.blame === 'lock') return parts.later(generation, keys, lockedRetryMs);
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
  if (written !== null) reached('recompute.committed');
  const failed = written?.failed ?? [];
  const hasFailed = new Set(failed.map(({ key }) => key));
  await parts.finish(
    generation,
    written,
    claims.filter(({ key }) => !hasFailed.has(key)),
  );
  for (const { key, error } of failed) await noteFailure(parts.db, generation.id, [key], error);
  if (failed[0]) parts.onError(failed[0].error, `recompute of ${generation.name}`);
  if (busy.length > 0) await parts.later(generation, busy, busyRetryMs);
}

/** The usual end of a batch: first Redis has all of it, then the ledger forgets it. Rejects, and forgets nothing, when Redis did not take it. */
export async function publishAndAcknowledge<W>(
  db: Database,
  publish: (generation: Generation, written: W) => Promise<void>,
  generation: Generation,
  written: W | null,
  done: readonly Claim[],
): Promise<void> {
  if (written !== null) {
    await publish(generation, written);
    reached('publish.done');
  }
  if (done.length > 0) reached('acknowledge.before');
  await acknowledge(db, generation.id, done);
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
