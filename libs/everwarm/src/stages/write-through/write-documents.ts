import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { projectionTable } from '#contracts/names.ts';
import type { Version } from '#contracts/version.ts';

/** A document as it now stands in Postgres; `doc` null is a tombstone. */
export type WrittenDocument = { readonly key: string; readonly doc: string | null; readonly version: Version; readonly asOf: number };

/** The columns of a document generation's table. `doc` null is a tombstone: a version like any other. */
export const documentTableSql = (generation: number): string => `create table if not exists everwarm.${projectionTable(generation)} (
  key text collate "C" primary key, version text collate "C" not null, as_of timestamptz not null, doc text collate "C"
) with (fillfactor = 85)`;

/**
 * Derives the documents of these keys and writes those whose bytes changed, in one statement. Insert-or-nothing plus a guarded
 * update, because `on conflict do update … where` locks and logs unchanged rows too. The fence is in the update. Returns every
 * document of the batch as it now stands, changed or not, and where the fence refused it the one that is there: a version never
 * leaves here with other bytes than Postgres has under it. Keys that never had a document are left out.
 * The caller holds the locks of the keys' shards and drew `version` after them.
 */
export async function writeDocuments(
  tx: Database,
  { generation, keys, version }: { readonly generation: Generation; readonly keys: readonly string[]; readonly version: Version },
): Promise<WrittenDocument[]> {
  const table = `everwarm.${projectionTable(generation.id)}`;
  const { rows } = await tx.query<WrittenDocument>({
    name: `everwarm_write_${generation.id}`,
    text: `with input as materialized (${generation.model.recompute}),
inserted as (
  insert into ${table} (key, version, as_of, doc) select key, $2, statement_timestamp(), doc from input where doc is not null
  on conflict (key) do nothing returning key
),
updated as (
  update ${table} p set version = $2, as_of = statement_timestamp(), doc = i.doc from input i
  where p.key = i.key and p.doc is distinct from i.doc and p.version < $2 returning p.key
),
written as (select key from inserted union all select key from updated)
select i.key, case when w.key is null then p.doc else i.doc end as doc, case when w.key is null then p.version else $2 end as version,
       extract(epoch from case when w.key is null then p.as_of else statement_timestamp() end)::float8 * 1000 as "asOf"
from input i left join written w on w.key = i.key left join ${table} p on p.key = i.key
where w.key is not null or p.key is not null`,
    values: [keys, version],
  });
  return rows;
}
