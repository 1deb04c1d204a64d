import type { CompiledModel, Lookup } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { identifier, qualified } from '#model/sql/literal.ts';

type Index = {
  readonly schema: string;
  readonly name: string;
  readonly partitioned: boolean;
  /** The columns that the table has. */
  readonly existing: string[];
  readonly method: string | null;
  /** Key columns in order, null for an expression or a column under another collation than its own. */
  readonly columns: (string | null)[] | null;
  readonly options: number[] | null;
  readonly unique: boolean | null;
  readonly predicate: string | null;
};

/** What a table lacks: an index, which statement of which model wants it, and the statement that makes it. */
export type MissingIndex = { readonly lookup: Lookup; readonly sql: string };

/**
 * The indexes that the statements of these models need and the database lacks. Primary keys and unique constraints count; invalid
 * indexes and partial ones do not, unless all that these leave out is null.
 */
export async function missingIndexes(db: Database, models: readonly CompiledModel[]): Promise<MissingIndex[]> {
  const lookups = models.flatMap((model) => model.lookups ?? []);
  const tables = lookups.map(({ table }) => table);
  const { rows } = await db.query<Index>(
    `select n.nspname as schema, c.relname as name, c.relkind = 'p' as partitioned,
  (select coalesce(array_agg(e.attname::text), '{}') from pg_attribute e where e.attrelid = c.oid and not e.attisdropped) as existing, am.amname as method, k.columns, k.options, i.indisunique as unique,
  pg_get_expr(i.indpred, i.indrelid) as predicate
from (select distinct * from unnest($1::text[], $2::text[]) as w (schema, name)) w
join pg_namespace n on n.nspname = w.schema join pg_class c on c.relnamespace = n.oid and c.relname = w.name
left join pg_index i on i.indrelid = c.oid and i.indisvalid left join pg_class x on x.oid = i.indexrelid left join pg_am am on am.oid = x.relam
left join lateral (
  select array_agg(case when i.indcollation[s.at] in (0, a.attcollation) then a.attname::text end order by s.at) as columns, array_agg(i.indoption[s.at]::int order by s.at) as options
  from generate_series(0, i.indnkeyatts - 1) as s (at) left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[s.at] and a.attnum > 0) k on true`,
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
  );
  const missing = new Map<string, MissingIndex>();
  for (const lookup of lookups) {
    const indexes = rows.filter(({ schema, name }) => schema === lookup.table.schema && name === lookup.table.name);
    // A column that is gone is another check's business.
    const isThere = indexes.some(({ existing }) =>
      [...lookup.equal, ...lookup.order.map(({ column }) => column)].every((name) => existing.includes(name)),
    );
    if (!isThere || indexes.some((index) => serves(index, lookup))) continue;
    const sql = createSql(
      lookup,
      indexes.some(({ partitioned }) => partitioned),
    );
    if (!missing.has(sql)) missing.set(sql, { lookup, sql });
  }
  return [...missing.values()];
}

function serves({ method, columns, options, unique, predicate }: Index, { equal, order }: Lookup): boolean {
  if (columns === null || options === null) return false;
  if (
    predicate !== null &&
    !equal.some((column) => predicate === `(${column} IS NOT NULL)` || predicate === `(${identifier(column)} IS NOT NULL)`)
  )
    return false;
  const isCovered = (column: string | null) => column !== null && equal.includes(column);
  if (unique === true && columns.every(isCovered)) return true;
  if (method === 'hash') return order.length === 0 && equal.length === 1 && columns[0] === equal[0];
  if (method !== 'btree') return false;
  const leading = new Set(columns.slice(0, equal.length));
  if (leading.size !== equal.length || !equal.every((column) => leading.has(column))) return false;
  // The first sort column is enough: Postgres sorts what is equal in it as it goes.
  const term = order.find(({ column }) => !equal.includes(column));
  if (!term) return true;
  const option = options[equal.length] ?? 0;
  const [descending, nullsFirst] = [(option & 1) !== 0, (option & 2) !== 0];
  return columns[equal.length] === term.column && (descending === term.descending) === (nullsFirst === term.nullsFirst);
}

/** Postgres builds no index of a partitioned table concurrently. */
function createSql({ table, equal, order }: Lookup, partitioned: boolean): string {
  const terms = order
    .filter(({ column }) => !equal.includes(column))
    .map(({ column, descending, nullsFirst }) => {
      const nulls = nullsFirst === descending ? '' : nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
      return `${identifier(column)}${descending ? ' DESC' : ''}${nulls}`;
    });
  return `CREATE INDEX ${partitioned ? '' : 'CONCURRENTLY '}ON ${qualified(table)} (${[...equal.map(identifier), ...terms].join(', ')});`;
}
