import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import type { LazyTerms } from '#contracts/lazy.ts';
import { projectionTable } from '#contracts/names.ts';
import type { Transform } from '#contracts/transform.ts';
import type { Version } from '#contracts/version.ts';
import { evictDocuments } from './evict-documents.ts';
import { type WrittenBatch, writeDocuments } from './write-documents.ts';
import { writeTimers } from './write-timers.ts';

/** A batch of a lazy read model. */
type Batch = { readonly generation: Generation; readonly keys: readonly string[]; readonly version: Version };

/**
 * What a change does to documents of a lazy read model: those that are stored are taken away, or made anew; of the others nothing is
 * derived, and what readers noted of them is forgotten. The caller holds the locks of the keys' shards and drew `version` after them.
 */
export async function writeLazy(
  tx: Database,
  batch: Batch,
  terms: LazyTerms,
  transform: Transform | null,
  maxBytes?: number,
): Promise<WrittenBatch> {
  const { generation, keys, version } = batch;
  const held = terms.refresh === 'recompute' ? await heldKeys(tx, generation.id, keys, terms.lastsMs) : new Set<string>();
  const evicted = await evictDocuments(
    tx,
    generation.id,
    keys.filter((key) => !held.has(key)),
    version,
  );
  // A moment that is to come concerns nobody who has no document.
  if (generation.model.moments !== undefined)
    await tx.query('delete from everwarm.timers where generation = $1 and key = any($2) and not asked', [
      generation.id,
      keys.filter((key) => !held.has(key)),
    ]);
  if (held.size === 0) return { documents: evicted.documents, absent: evicted.absent, failed: [] };
  const written = await writeDocuments(tx, { ...batch, keys: [...held] }, transform, maxBytes);
  await writeTimers(tx, { generation, keys: [...held] });
  return {
    documents: [...evicted.documents, ...written.documents],
    absent: [...evicted.absent, ...written.absent],
    failed: written.failed,
  };
}

async function heldKeys(tx: Database, generation: number, keys: readonly string[], lastsMs: number): Promise<ReadonlySet<string>> {
  const { rows } = await tx.query<{ key: string }>(
    `select key from everwarm.${projectionTable(generation)} where key = any($1)
and as_of > '-infinity' and ($2::float8 is null or as_of > statement_timestamp() - $2 * interval '1 millisecond')`,
    [keys, Number.isFinite(lastsMs) ? lastsMs : null],
  );
  return new Set(rows.map(({ key }) => key));
}
