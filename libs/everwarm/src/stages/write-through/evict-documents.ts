import type { Database } from '#contracts/database.ts';
import { projectionTable } from '#contracts/names.ts';
import type { Version } from '#contracts/version.ts';
import type { AbsentKey, WrittenDocument } from './write-documents.ts';

/** What evicting came to: `taken` are the keys whose document, or tombstone, was there; `documents` how the rows of all stand now. */
export type EvictedBatch = {
  readonly taken: readonly string[];
  readonly documents: readonly WrittenDocument[];
  readonly absent: readonly AbsentKey[];
};

type Row = { readonly key: string; readonly version: Version; readonly taken: boolean };

/**
 * Takes documents out of the projection table. Their rows stay, without document and moment: what was evicted is told to Redis by
 * whoever publishes those keys next, should this process not come to it. The caller holds the locks of the keys' shards and drew
 * `version` after them, so every batch with a lower number has committed or never will.
 */
export async function evictDocuments(tx: Database, generation: number, keys: readonly string[], version: Version): Promise<EvictedBatch> {
  const table = `everwarm.${projectionTable(generation)}`;
  const { rows } = await tx.query<Row>(
    `with taken as (
  update ${table} set doc = null, as_of = '-infinity', version = $2 where key = any($1::text[]) and as_of > '-infinity' and version < $2 returning key
)
select p.key, case when t.key is null then p.version else $2 end as version, t.key is not null as taken
from ${table} p left join taken t on t.key = p.key where p.key = any($1::text[]) and (t.key is not null or p.as_of = '-infinity')`,
    [keys, version],
  );
  const known = new Set(rows.map(({ key }) => key));
  return {
    taken: rows.filter(({ taken }) => taken).map(({ key }) => key),
    documents: rows.map((row) => ({ key: row.key, doc: null, version: row.version, asOf: Number.NEGATIVE_INFINITY })),
    absent: keys.filter((key) => !known.has(key)).map((key) => ({ key, version })),
  };
}
