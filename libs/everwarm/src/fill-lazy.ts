import type { Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { lastsMs, lazyTerms } from '#contracts/lazy.ts';
import { reached } from '#contracts/steps.ts';
import { readEpoch } from '#platform/epoch.ts';
import type { CopyView } from './stages/read/copy-lease.ts';
import type { Fill } from './stages/read/lazy-reads.ts';
import { acknowledge } from './stages/recompute/acknowledge.ts';
import { recomputeBatch } from './stages/recompute/batch.ts';
import type { FencedRedis } from './stages/write-through/fenced-pipeline.ts';
import { publishDocuments } from './stages/write-through/publish.ts';
import { writeDocuments } from './stages/write-through/write-documents.ts';
import { writeTimers } from './stages/write-through/write-timers.ts';

/** For how long nothing is stored when Postgres did not let this role write, in milliseconds. */
const refusedMs = 60_000;

/** What filling works with: the reader's own connections. */
export type FillerParts = { readonly db: Transactions; readonly redis: FencedRedis; readonly view: Pick<CopyView, 'space'> };

/**
 * Makes and stores one document of a lazy read model, as a batch of one key: locks, number, snapshot; Postgres, then Redis. The ledger
 * owes the key first and lets it go last, so that workers take the document away again should Redis not have been told of it.
 */
export function lazyFiller({ db, redis, view }: FillerParts): Fill {
  let refusedUntil = Number.NEGATIVE_INFINITY;
  return async (generation, key, transform) => {
    if (performance.now() < refusedUntil) return undefined;
    const { space } = view;
    const ordinal = Number.parseInt(space.epoch, 10);
    try {
      // Leased to this process for a moment, as to a job; a key that is owed already is taken over. No lock on its row is kept.
      await db.query(
        `insert into everwarm.ledger (generation, key, since, queued_at) values ($1, $2, clock_timestamp(), now()) on conflict (generation, key) do nothing`,
        [generation.id, key],
      );
      const { written, claims } = await recomputeBatch(
        db,
        ordinal,
        generation,
        [key],
        async (tx, batch) => {
          // On this very connection: under the number of an epoch that is over, clients may hold something else of this version.
          if ((await readEpoch(tx)).ordinal !== ordinal)
            throw new EverwarmError('E_POSTGRES', 'Postgres is in another epoch than this reader.');
          const documents = await writeDocuments(tx, batch, transform, undefined, lazyTerms(batch.lifecycle) ? 'all' : 'changed');
          await writeTimers(tx, batch);
          return documents;
        },
        'any',
      );
      if (written === null || written.failed.length > 0) return undefined;
      reached('recompute.committed');
      const [stored] = written.documents;
      const told = await publishDocuments(redis, space, generation.id, written.documents, lastsMs(generation.lifecycle)).then(
        () => true,
        () => false,
      );
      if (told) await acknowledge(db, generation.id, claims);
      if (!stored || stored.doc === null) return { document: null, told };
      const { doc, version, asOf } = stored;
      return { document: { body: Buffer.from(doc), version, asOf: Math.round(asOf), tier: 'source', pending: false }, told };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (isRefusal(code) || (error instanceof Error && isRefusal((error.cause as { code?: unknown } | undefined)?.code)))
        refusedUntil = performance.now() + refusedMs;
      return undefined;
    }
  };
}

/** This role may not write, or nobody may: it is a standby. */
const isRefusal = (code: unknown): boolean => code === '42501' || code === '25006';
