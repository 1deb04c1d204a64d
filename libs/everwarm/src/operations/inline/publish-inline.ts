import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { type KeySpace, projectionTable } from '#contracts/names.ts';
import type { FencedRedis } from '#stages/write-through/fenced-pipeline.ts';
import { publishDocuments } from '#stages/write-through/publish.ts';
import { publishEntries } from '#stages/write-through/publish-entries.ts';
import type { InlineRow } from './write-inline.ts';

/** Where a committed transaction's documents go. */
export type InlineSink = { readonly redis: FencedRedis; readonly space: KeySpace; readonly db: Database };

/** Brings rows of one generation to Redis, through its fence. The caller guarantees that they are committed. Rejects when Redis did not take all of them. */
export async function publishInline({ redis, space, db }: InlineSink, generation: Generation, rows: readonly InlineRow[]): Promise<void> {
  if (generation.model.kind === 'document') return publishDocuments(redis, space, generation.id, rows);
  const entries = rows.map(({ partition, key, member, version }) => ({ partition: partition ?? '', key, member, version }));
  await publishEntries(redis, space, db, generation, entries);
}

/**
 * Those of these rows that are committed as they are: of a transaction that is still open, was rolled back, or took back the savepoint in
 * which they were written, there is none, and what somebody wrote after it is for that one to publish.
 */
export async function committedOf(db: Database, { id, model }: Generation, rows: readonly InlineRow[]): Promise<readonly InlineRow[]> {
  const partition = model.kind === 'list' ? ' and p.partition = w.partition' : '';
  const { rows: found } = await db.query<{ n: number }>(
    `select w.n::integer as n from unnest($1::text[], $2::text[], $3::text[]) with ordinality as w (key, version, partition, n)
join everwarm.${projectionTable(id)} p on p.key = w.key and p.version = w.version${partition}`,
    [rows.map(({ key }) => key), rows.map(({ version }) => version), rows.map((row) => row.partition)],
  );
  return found.flatMap(({ n }) => rows[n - 1] ?? []);
}
