import type { OrderTerm } from '#model/plan/plan.ts';
import { type ColumnInfo, definition } from '#model/schema.ts';

/*
 * Order-preserving bytes: comparing two encodings byte by byte gives the order of the values, and no encoding is a prefix of
 * another, so encodings of several columns can be put one after the other. `everwarm.sort_key` has a form for each type, and
 * Postgres chooses it; descending order inverts every byte; a byte before a nullable value places its nulls.
 */

const ascending = (value: string): string => `everwarm.sort_key(${value})`;
const descending = (value: string): string => `everwarm.sort_key_inverted(everwarm.sort_key(${value}))`;

/** Column types of Drizzle whose values have such bytes. Of a custom type and of an expression only the database knows: migrate refuses it. */
const orderable: ReadonlySet<string> = new Set([
  'PgSmallInt',
  'PgSmallSerial',
  'PgInteger',
  'PgSerial',
  'PgBigInt53',
  'PgBigInt64',
  'PgBigSerial53',
  'PgBigSerial64',
  'PgNumeric',
  'PgNumericNumber',
  'PgNumericBigInt',
  'PgReal',
  'PgDoublePrecision',
  'PgBoolean',
  'PgUUID',
  'PgText',
  'PgVarchar',
  'PgChar',
  'PgEnumColumn',
  'PgEnumObjectColumn',
  'PgDate',
  'PgDateString',
  'PgTime',
  'PgTimestamp',
  'PgTimestampString',
  'PgCustomColumn',
]);

/** What a user may order by, for a message. */
export const orderableTypes =
  'integers, numerics, floats, texts, enums, booleans, uuids, dates, times and timestamps; cast or convert anything else in an expression';

/**
 * The bytes of one sort term, a column or an expression. Texts are compared by their bytes, as under the collation "C", whatever
 * the column's collation. Throws E_DEFINITION for a column type without an order of bytes, and for another collation written out.
 */
export function sortTermSql(term: OrderTerm, path: string): string {
  const column = isColumn(term.sql) ? term.columns[0] : undefined;
  if (column && !hasOrder(column))
    throw definition(
      path,
      `orders by "${column.property}" of type ${column.column.getSQLType()}, whose order has no bytes. Order by ${orderableTypes}.`,
    );
  const collation = /\bcollate\s+(?!(?:"?pg_catalog"?\.)?(?:"C"|"POSIX"|"ucs_basic"|ucs_basic\b))/i.exec(withoutLiterals(term.sql));
  if (collation)
    throw definition(
      path,
      'names a collation other than "C". Entries are ordered by the bytes of a text: leave it out, or write collate "C".',
    );
  return encode(term.sql, term.descending, column?.column.notNull ? null : term.nullsFirst);
}

/** The bytes of a key column that ends the order, ascending; an enum in the order of its labels' texts. */
export function sortKeySql(column: ColumnInfo, value: string): string {
  const isEnum = column.column.columnType === 'PgEnumColumn' || column.column.columnType === 'PgEnumObjectColumn';
  return encode(isEnum ? `${value}::text` : value, false, null);
}

/** Whether a term is a column and nothing else. */
export const isColumn = (sql: string): boolean => /^"t\d+"\."(?:[^"]|"")+"$/.test(sql);

/** `nullsFirst` is null where there are no nulls. */
function encode(value: string, isDescending: boolean, nullsFirst: boolean | null): string {
  const bytes = isDescending ? descending(value) : ascending(value);
  return nullsFirst === null ? bytes : `coalesce('\\x01'::bytea || ${bytes}, '\\x${nullsFirst ? '00' : '02'}'::bytea)`;
}

function hasOrder({ column }: ColumnInfo): boolean {
  return orderable.has(column.columnType) && !(column.columnType === 'PgTime' && Reflect.get(column, 'withTimezone') === true);
}

/** SQL with its string literals emptied, so that what they say is not taken for SQL. */
function withoutLiterals(sql: string): string {
  return sql.replace(/'(?:[^']|'')*'/g, "''");
}
