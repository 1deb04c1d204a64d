import type { Generation } from '#contracts/compiled.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import { failureOf } from '#contracts/failure.ts';
import type { Generations } from '#contracts/generations.ts';
import { reached } from '#contracts/steps.ts';
import type { FailedKey } from '#contracts/transform.ts';
import { acknowledge } from './acknowledge.ts';
import { type Claim, type LockedBatch, recomputeBatch, type Takes } from './batch.ts';
import { blameFor } from './blame.ts';
import { type FailedClaim, noteFailures, noteStatement, setApart } from './note-failure.ts';

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
 * Recomputes keys. When a value among them, or the time they take, makes the statement fail, they are halved until it stands alone
 * and the rest are through: it is noted, tried again by itself, and quarantined in the end. When the statement itself is wrong, the
 * generation stalls. Anything else (a server is away) rejects: the keys stay owed, and their lease brings them back. `takes` says
 * whether keys that failed before are tried, or left to those who try them at their time.
 */
export async function recomputeKeys<W extends Outcome>(
  parts: KeyParts<W>,
  generation: Generation,
  keys: readonly string[],
  takes: Takes = 'well',
): Promise<void> {
  let tried: readonly Claim[] = [];
  const write: typeof parts.write = (tx, batch) => {
    tried = batch.claims;
    return parts.write(tx, batch);
  };
  const outcome = await recomputeBatch(parts.db, parts.epoch, generation, keys, write, takes).catch((error: unknown) => ({
    error,
    blame: blameFor(error),
  }));
  if ('error' in outcome) {
    const { error, blame } = outcome;
    if (blame === 'server') throw error;
    if (blame === 'lock') return parts.later(generation, keys, lockedRetryMs);
    if (blame === 'statement') return stall(parts, generation, keys, error);
    if (tried.length > 1) {
      const middle = tried.length >> 1;
      for (const half of [tried.slice(0, middle), tried.slice(middle)])
        await recomputeKeys(
          parts,
          generation,
          half.map(({ key }) => key),
          takes,
        );
      return;
    }
    return note(
      parts,
      generation,
      tried.map((claim) => ({ claim, error })),
    );
  }
  const { written, claims, busy, apart } = outcome;
  if (written !== null) reached('recompute.committed');
  const failed = new Map((written?.failed ?? []).map(({ key, error }) => [key, error]));
  await parts.finish(
    generation,
    written,
    claims.filter(({ key }) => !failed.has(key)),
  );
  await note(
    parts,
    generation,
    claims.filter(({ key }) => failed.has(key)).map((claim) => ({ claim, error: failed.get(claim.key) })),
  );
  await setApart(parts.db, generation.id, apart);
  if (busy.length > 0) await parts.later(generation, busy, busyRetryMs);
}

async function note<W extends Outcome>(parts: KeyParts<W>, generation: Generation, failed: readonly FailedClaim[]): Promise<void> {
  if (failed[0] === undefined) return;
  await noteFailures(parts.db, generation.id, failed);
  parts.onError(failed[0].error, `recompute of ${generation.name}`);
}

/** Told once, however many batches meet it. */
async function stall<W extends Outcome>(
  parts: KeyParts<W>,
  generation: Generation,
  keys: readonly string[],
  error: unknown,
): Promise<void> {
  await noteStatement(parts.db, generation.id, keys, error);
  if (await parts.generations.stall(generation.id, failureOf(error).words)) parts.onError(error, `recompute of ${generation.name}`);
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
