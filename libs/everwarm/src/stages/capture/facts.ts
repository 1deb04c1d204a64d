import type { TableName } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { captureTriggerPrefix } from '#contracts/names.ts';

/** One watched column as the database has it. */
export type ColumnFacts = {
  readonly number: number;
  /** Type, modifier, collation and generating expression: what its text depends on beside the row. */
  readonly type: string;
  readonly typeName: string;
  /** Of a virtual generated column: the columns it is computed from. Transition tables hold null for the column itself. */
  readonly basis: readonly string[] | null;
};

/** A captured table or one of its partitions: our triggers, each with its state and the transaction that last changed it. */
export type MemberFacts = {
  readonly table: TableName;
  readonly isPartitioned: boolean;
  readonly isRoot: boolean;
  readonly triggers: Readonly<Record<string, string>>;
  /** Another file means that the rows were written anew, by an ALTER TABLE it may be. */
  readonly file: string;
};

/** What the catalogue says of a table that is to be captured, its partitions included. */
export type TableFacts = {
  /** The oid, or null when there is no such table. */
  readonly relation: string | null;
  readonly kind: string;
  readonly persistence: string;
  readonly inheritance: boolean;
  /** The table of which this one is a partition. */
  readonly partitionOf: string | null;
  /** Whether row level security hides rows from the role that computes documents. */
  readonly hidesRows: boolean;
  /** The logical subscription that feeds it or a partition of it. */
  readonly subscription: string | null;
  readonly primaryKey: readonly string[];
  /** The watched columns that exist, by name. */
  readonly columns: Readonly<Record<string, ColumnFacts>>;
  /** The labels of the enums among the watched columns' types, by oid. */
  readonly labels: Readonly<Record<string, string>>;
  /** The table and its partitions, by oid. */
  readonly members: Readonly<Record<string, MemberFacts>>;
  /** Whether rows may move between partitions in ways that statement triggers do not see whole, which is what MERGE does. */
  readonly movesUnseen: boolean;
  /** Where the table is now that was last known under this name; null when it is gone. */
  readonly knownAs: string | null;
};

/** A table to look up: `columns` are those that matter, `known` the oid it was last seen with. */
export type Lookup = { readonly table: TableName; readonly columns: readonly string[]; readonly known?: string | null };

/*
 * No function here takes a lock on a user's table (pg_partition_tree and pg_get_expr would), so a look never waits for a
 * migration and no migration for it.
 */
const factsSql = `select c.oid::text as relation, coalesce(c.relkind::text, '') as kind, coalesce(c.relpersistence::text, '') as persistence,
  exists (select from pg_inherits i join pg_class o on o.oid = i.inhrelid where not o.relispartition and c.oid in (i.inhrelid, i.inhparent)) as inheritance,
  (select i.inhparent::regclass::text from pg_inherits i where i.inhrelid = c.oid and c.relispartition) as "partitionOf",
  coalesce(c.relrowsecurity and not r.rolsuper and not r.rolbypassrls and (c.relforcerowsecurity or not pg_has_role(r.oid, c.relowner, 'usage')), false) as "hidesRows",
  (select min(s.subname) from pg_subscription_rel sr join pg_subscription s on s.oid = sr.srsubid where sr.srrelid = any(m.oids)) as subscription,
  coalesce((select array_agg(a.attname::text order by array_position(i.indkey::int2[], a.attnum)) from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey::int2[]) where i.indrelid = c.oid and i.indisprimary), '{}') as "primaryKey",
  f.columns, coalesce((select jsonb_object_agg(e.oid, e.enumlabel) from pg_enum e where e.enumtypid = any(f.types)), '{}') as labels,
  coalesce(c.relkind = 'p' and current_setting('server_version_num')::int >= 150000, false) as "movesUnseen",
  coalesce(m.members, '{}') as members, (select k.oid::regclass::text from pg_class k where k.oid = w.known::oid) as "knownAs"
from rows from (jsonb_to_recordset($1::jsonb) as (schema text, name text, columns text[], known text)) with ordinality as w (schema, name, columns, known, at)
join pg_roles r on r.rolname = coalesce($2, current_user)
left join pg_namespace n on n.nspname = w.schema
left join pg_class c on c.relnamespace = n.oid and c.relname = w.name
cross join lateral (
  select coalesce(jsonb_object_agg(a.attname, jsonb_build_object('number', a.attnum, 'typeName', t.typname,
      'type', concat_ws(' ', a.atttypid, a.atttypmod, a.attcollation, a.attgenerated, case when a.attgenerated <> '' then md5(d.adbin::text) end),
      'basis', case when a.attgenerated = 'v' then (select jsonb_agg(b.attname order by b.attnum) from pg_depend p join pg_attribute b on b.attrelid = p.refobjid and b.attnum = p.refobjsubid
        where p.classid = 'pg_attrdef'::regclass and p.objid = d.oid and p.refobjid = c.oid and b.attnum > 0 and b.attnum <> a.attnum) end)), '{}') as columns,
    array_agg(a.atttypid) || array_agg(t.typelem) || array_agg(t.typbasetype) as types
  from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname = any(w.columns)) f
cross join lateral (
  with recursive tree as (
    select c.oid union all
    select i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid join pg_class p on p.oid = i.inhrelid and p.relispartition and not i.inhdetachpending)
  select array_agg(tree.oid) as oids, jsonb_object_agg(tree.oid, jsonb_build_object('table', jsonb_build_object('schema', mn.nspname, 'name', mc.relname),
    'isPartitioned', mc.relkind = 'p', 'isRoot', tree.oid = c.oid, 'file', mc.relfilenode::text,
    'triggers', coalesce((select jsonb_object_agg(g.tgname, g.tgenabled::text || g.oid || '.' || g.xmin) from pg_trigger g where g.tgrelid = tree.oid and g.tgname like '${captureTriggerPrefix}%'), '{}'))) as members
  from tree join pg_class mc on mc.oid = tree.oid join pg_namespace mn on mn.oid = mc.relnamespace) m
order by w.at`;

/** Looks tables up in one query, in the order given. `role` is the one that computes documents, by default the current one. */
export async function readFacts(db: Database, lookups: readonly Lookup[], role: string | null = null): Promise<TableFacts[]> {
  const wanted = lookups.map(({ table, columns, known = null }) => ({ schema: table.schema, name: table.name, columns, known }));
  return (await db.query<TableFacts>(factsSql, [JSON.stringify(wanted), role])).rows;
}
