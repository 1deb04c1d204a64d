import type { Database } from '#contracts/database.ts';
import { identifier } from '#model/sql/literal.ts';

/** A column that random writes may set. */
export type WrittenColumn = {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  /** Whether the database gives it a value by itself. */
  readonly hasDefault: boolean;
  readonly labels: readonly string[];
  readonly inKey: boolean;
};

/** A foreign key: these columns hold what those of another table hold. */
export type Reference = { readonly columns: readonly string[]; readonly target: string; readonly targetColumns: readonly string[] };

/** A table that some read model watches, as the catalogue has it. */
export type WrittenTable = {
  /** The quoted name. */
  readonly sql: string;
  readonly columns: readonly WrittenColumn[];
  readonly references: readonly Reference[];
};

type Row = {
  schema: string;
  name: string;
  columns: WrittenColumn[];
  references: { columns: string[]; schema: string; table: string; targets: string[] }[];
};

/** The tables that capture watches in this database: what may be written at random so that something comes of it. */
export async function readWrittenTables(db: Database): Promise<WrittenTable[]> {
  const { rows } = await db.query<Row>(
    `select n.nspname as schema, c.relname as name,
  (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull,
     'hasDefault', a.atthasdef or a.attidentity <> '', 'inKey', coalesce(a.attnum = any(k.conkey), false),
     'labels', (select coalesce(json_agg(e.enumlabel), '[]') from pg_enum e where e.enumtypid = a.atttypid)) order by a.attnum)
   from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a') as columns,
  (select coalesce(json_agg(json_build_object('schema', fn.nspname, 'table', fc.relname,
     'columns', (select json_agg(a.attname order by p.place) from unnest(f.conkey) with ordinality p (number, place) join pg_attribute a on a.attrelid = f.conrelid and a.attnum = p.number),
     'targets', (select json_agg(a.attname order by p.place) from unnest(f.confkey) with ordinality p (number, place) join pg_attribute a on a.attrelid = f.confrelid and a.attnum = p.number))), '[]')
   from pg_constraint f join pg_class fc on fc.oid = f.confrelid join pg_namespace fn on fn.oid = fc.relnamespace where f.conrelid = c.oid and f.contype = 'f') as references
from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
where c.relkind in ('r', 'p') and not c.relispartition and exists (select from everwarm.sources s where s.schema_name = n.nspname and s.table_name = c.relname)
order by 1, 2`,
  );
  const quoted = (schema: string, name: string) => `${identifier(schema)}.${identifier(name)}`;
  return rows.map((row) => ({
    sql: quoted(row.schema, row.name),
    columns: row.columns,
    references: row.references.map(({ columns, schema, table, targets }) => ({
      columns,
      target: quoted(schema, table),
      targetColumns: targets,
    })),
  }));
}
