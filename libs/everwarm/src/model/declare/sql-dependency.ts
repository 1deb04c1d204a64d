import { getTableName, is, SQL, StringChunk, sql, Table } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Dependency, KeyColumn } from '#contracts/compiled.ts';
import { type Casing, type ColumnInfo, columnNamed, definition, indexSchema, type TableInfo } from '#model/schema.ts';
import { castText, keyTextSql, keyType } from '#model/sql/forms.ts';
import { identifier, qualified } from '#model/sql/literal.ts';
import { literalText } from '#model/sql/literal-text.ts';

/**
 * A table that hand-written SQL reads. `columns`: those whose change may change a document; the primary key and what is named
 * below need no mention. Then either `key`, the columns that are the read model's key, in its order; or `link` and
 * `wayBack`: SQL that gives the keys (columns named as the key's) of the documents that rows with these values may be in.
 * It finds them in the relation `changed`, whose columns are the `link` ones under their names in the database, with the
 * old and the new values of every changed row.
 */
export type SqlDependency<T extends PgTable = PgTable> = {
  readonly table: T;
  readonly columns?: readonly (keyof T['_']['columns'] & string)[];
} & (
  | { readonly key: readonly (keyof T['_']['columns'] & string)[]; readonly link?: never; readonly wayBack?: never }
  | { readonly link: readonly (keyof T['_']['columns'] & string)[]; readonly wayBack: SQL; readonly key?: never }
);

/** Compiles declared dependencies of a read model with this key; `path` is where they stand. Throws E_DEFINITION. */
export function compileSqlDependencies(
  path: string,
  declared: readonly SqlDependency[],
  key: readonly Pick<KeyColumn, 'name'>[],
  casing: Casing | undefined,
): Dependency[] {
  const compiled = declared.map((dependency, index) => compileOne(`${path}[${index}]`, dependency, key, casing));
  // In one order however they were written, and named by their tables: neither changes what they mean.
  const sorted = compiled.map((one) => ({ one, text: JSON.stringify([one.table, one]) })).sort((a, b) => (a.text < b.text ? -1 : 1));
  const seen = new Map<string, number>();
  return sorted.map(({ one }) => {
    const times = (seen.get(one.table.name) ?? 0) + 1;
    seen.set(one.table.name, times);
    return { ...one, path: `${path}.${one.table.name}${times === 1 ? '' : ` ${times}`}` };
  });
}

function compileOne(
  path: string,
  { table, columns = [], key: keyNames, link: linkNames, wayBack }: SqlDependency,
  key: readonly Pick<KeyColumn, 'name'>[],
  casing: Casing | undefined,
): Dependency {
  const info = tableOf(table, path, casing);
  const named = (names: readonly string[]) => names.map((column) => columnNamed(info, column, path));
  const link = named(keyNames ?? linkNames ?? []);
  if (link.length === 0) throw definition(path, 'needs "key", or "link" and "wayBack": how a changed row leads to documents.');
  for (const column of link) keyType(column, path);
  if (keyNames && keyNames.length !== key.length)
    throw definition(path, `has a "key" of ${keyNames.length} columns where the read model's has ${key.length}. Name them in its order.`);
  if (!keyNames && !is(wayBack, SQL)) throw definition(path, 'has a "link" without a "wayBack". Give the SQL that leads from it to keys.');
  const read = new Set<ColumnInfo>([...link, ...info.primaryKey, ...named(columns)]);
  return {
    path: '',
    table: info.name,
    columns: [...read].map((column) => column.name).sort(),
    link: link.map((column) => column.name),
    wayBack: is(wayBack, SQL) ? { kind: 'query', sql: wayBackSql(wayBack, link, key, path, casing), nulls: true } : { kind: 'direct' },
  };
}

/** A user's SQL as a relation of its own: nothing that it ends with reaches what follows. */
export const asRelation = (text: string, alias: string): string => `(${text}\n) as ${alias}`;

function wayBackSql(
  wayBack: SQL,
  link: readonly ColumnInfo[],
  key: readonly Pick<KeyColumn, 'name'>[],
  path: string,
  casing: Casing | undefined,
): string {
  const values = link.map((column, index) => `${castText(column, `c.v${index}`)} as ${identifier(column.name)}`);
  const names = link.map((_, index) => `v${index}`).join(', ');
  const parameters = link.map((_, index) => `$${index + 1}::text[]`).join(', ');
  const found = key.map(({ name }) => `found.${identifier(name)}`);
  return `with changed as (select ${values.join(', ')} from unnest(${parameters}) as c (${names}))
select distinct ${keyTextSql(found)} as key from ${asRelation(writtenSql(wayBack, `${path}.wayBack`, casing), 'found')}
where ${found.map((column) => `${column} is not null`).join(' and ')}`;
}

/** Hand-written SQL as text: tables with their schemas, values as literals. Throws E_DEFINITION for what has no text. */
export function writtenSql(written: SQL, path: string, casing: Casing | undefined): string {
  const visit = (chunk: unknown): unknown => {
    if (Array.isArray(chunk)) return chunk.map(visit);
    if (is(chunk, SQL)) return sql.join(chunk.queryChunks.map((inner) => visit(inner) as SQL));
    // Drizzle leaves `public` to the search path, which the session of a worker need not share.
    if (is(chunk, Table) && getTableName(chunk) === originalName(chunk)) return sql.join([new StringChunk(qualified(nameOf(chunk)))]);
    return chunk;
  };
  const text = literalText(casing)(visit(written) as SQL, path);
  if (/\$\d/.test(text.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, '')))
    throw definition(path, 'contains a placeholder. Interpolate the value itself.');
  return text;
}

const originalName = (table: Table): unknown => Reflect.get(table, Symbol.for('drizzle:OriginalName'));

function nameOf(table: Table): { schema: string; name: string } {
  const schema: unknown = Reflect.get(table, Symbol.for('drizzle:Schema'));
  return { schema: typeof schema === 'string' ? schema : 'public', name: getTableName(table) };
}

/** A table's columns and key. Throws E_DEFINITION for what is no table, or has no primary key. */
function tableOf(table: PgTable, path: string, casing: Casing | undefined): TableInfo {
  if (!is(table, Table)) throw definition(path, 'has a "table" that is not a Drizzle table.');
  const property = getTableName(table);
  return indexSchema({ [property]: table }, casing).table(property, path);
}
