import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { projectionTable } from '#contracts/names.ts';
import type { Version } from '#contracts/version.ts';

/** A list entry as it now stands in Postgres; `member` null is an entry that was removed or moved away. */
export type WrittenEntry = { readonly partition: string; readonly key: string; readonly member: Buffer | null; readonly version: Version };

/** The table and indexes of a list generation: pages by (partition, member), an item's entries by key. */
export const entryTableSql = (generation: number): string => `create table if not exists everwarm.${projectionTable(generation)} (
  partition text collate "C" not null, key text collate "C" not null, member bytea, version text collate "C" not null, primary key (partition, key)
);
create index if not exists ${projectionTable(generation)}_page on everwarm.${projectionTable(generation)} (partition, member) where member is not null;
create index if not exists ${projectionTable(generation)}_key on everwarm.${projectionTable(generation)} (key)`;

/**
 * Derives the entries of these items and writes what differs, in one statement: entries that came, that moved within their
 * partition, and removals, which stay as tombstones so that a repeated job can still tell Redis of them. Returns every entry
 * of these items as it now stands, also where the fence refused a change. Where
 * the list is counted, what came and went is appended to the count. The caller holds the locks of the keys' shards and drew `version` after them.
 */
export async function writeEntries(
  tx: Database,
  { generation, keys, version }: { readonly generation: Generation; readonly keys: readonly string[]; readonly version: Version },
): Promise<WrittenEntry[]> {
  const { rows } = await tx.query<WrittenEntry>({
    name: `everwarm_write_${generation.id}`,
    text: writeEntriesSql(generation),
    values: [keys, version],
  });
  return rows;
}

/** The statement of {@link writeEntries}: `$1 text[]` keys, `$2 text` the version, giving (partition, key, member, version). */
export function writeEntriesSql({ id, model }: Pick<Generation, 'id' | 'model'>): string {
  const { list } = model;
  const table = `everwarm.${projectionTable(id)}`;
  return `with input as materialized (${model.recompute}),
stored as materialized (select partition, key, member, version from ${table} where key = any($1::text[])),
removed as (
  update ${table} p set member = null, version = $2 from stored s
  where p.partition = s.partition and p.key = s.key and p.member is not null and p.version < $2
    and not exists (select from input i where i.key = s.key and i.partition = s.partition) returning p.partition, p.key, p.member
),
inserted as (
  insert into ${table} (partition, key, member, version) select partition, key, member, $2 from input
  on conflict (partition, key) do nothing returning partition, key, member
),
moved as (
  update ${table} p set member = i.member, version = $2 from input i
  where p.partition = i.partition and p.key = i.key and p.member is distinct from i.member and p.version < $2 returning p.partition, p.key, p.member
),
written as (select * from removed union all select * from inserted union all select * from moved)${list?.count ? `,\n${countedSql(id)}` : ''}
select coalesce(i.partition, s.partition) as partition, coalesce(i.key, s.key) as key,
       case when w.key is null then s.member else i.member end as member, case when w.key is null then s.version else $2 end as version
from input i full join stored s on s.partition = i.partition and s.key = i.key
left join written w on w.partition = coalesce(i.partition, s.partition) and w.key = coalesce(i.key, s.key)`;
}

/** What a batch changes in the count of each partition: under the locks nobody else changes these entries. */
const countedSql = (generation: number): string => `counted as (
  insert into everwarm.list_counts (generation, partition, n)
  select ${generation}, w.partition, sum((w.member is not null)::integer - (s.member is not null)::integer)
  from written w left join stored s on s.partition = w.partition and s.key = w.key
  group by w.partition having sum((w.member is not null)::integer - (s.member is not null)::integer) <> 0
)`;
