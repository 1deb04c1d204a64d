import type { KeyColumn } from '#contracts/compiled.ts';
import type { KeyType } from '#contracts/key.ts';
import { type ColumnInfo, definition } from '#model/schema.ts';
import { jsonFormOf } from './json-forms.ts';
import { identifier } from './literal.ts';

/**
 * The SQL that gives a column's value as JSON text, `null` included: also where the Drizzle schema knows of no null and the
 * database has one, since a null in a concatenation would make the whole document vanish. Throws E_DEFINITION for a type
 * without a JSON form.
 */
export function jsonText(column: ColumnInfo, value: string, path: string, nullable = !column.column.primary): string {
  const form = jsonFormOf(column.column);
  if (!form) {
    throw definition(
      path,
      `selects "${column.property}" of type ${column.column.getSQLType()} (${column.column.columnType}), which has no JSON form. Leave it out of "columns", or declare its form where the table is declared: jsonForm(column, { sql, type }).`,
    );
  }
  const text = form(value, column.column);
  return nullable ? `coalesce(${text}, 'null')` : text;
}

const keyTypes: Readonly<Record<string, KeyType>> = {
  PgSmallInt: 'integer',
  PgSmallSerial: 'integer',
  PgInteger: 'integer',
  PgSerial: 'integer',
  PgBigInt53: 'bigint',
  PgBigSerial53: 'bigint',
  PgBigInt64: 'bigint',
  PgBigSerial64: 'bigint',
  PgUUID: 'uuid',
  PgText: 'text',
  PgVarchar: 'text',
  PgChar: 'char',
  PgEnumColumn: 'text',
  PgEnumObjectColumn: 'text',
  PgDate: 'date',
  PgDateString: 'date',
};

const enumColumns: ReadonlySet<string> = new Set(['PgEnumColumn', 'PgEnumObjectColumn']);

/** The key type of a column. Throws E_DEFINITION where a column of that type cannot be part of a key, join or partition. */
export function keyType(column: ColumnInfo, path: string): KeyType {
  const type = keyTypes[column.column.columnType];
  if (!type)
    throw definition(
      path,
      `needs "${column.property}" of type ${column.column.getSQLType()} as a key, which is not supported. Keys, joins and partitions may be integers, bigints, uuids, texts, enums and dates, whose equal values have one text.`,
    );
  return type;
}

/** A column as part of a key. Throws as {@link keyType} does. */
export function keyColumn(column: ColumnInfo, path: string): KeyColumn {
  const key = { name: column.name, property: column.property, type: keyType(column, path) };
  return enumColumns.has(column.column.columnType) ? { ...key, labels: column.column.enumValues ?? [] } : key;
}

/** The SQL that casts a key's text to the column's own type, so that its index can be used. */
export function castText(column: ColumnInfo, value: string): string {
  const enumeration: unknown = Reflect.get(column.column, 'enum');
  if (
    enumColumns.has(column.column.columnType) &&
    (typeof enumeration === 'function' || typeof enumeration === 'object') &&
    enumeration !== null
  ) {
    const schema: unknown = Reflect.get(enumeration, 'schema');
    return `(${value})::${identifier(typeof schema === 'string' ? schema : 'public')}.${identifier(String(Reflect.get(enumeration, 'enumName')))}`;
  }
  // A foreign key without a constraint may hold what an integer key cannot: compared as bigint it finds nothing, and the index still serves.
  const casts: Record<KeyType, string> = { integer: 'bigint', bigint: 'bigint', uuid: 'uuid', text: 'text', char: 'bpchar', date: 'date' };
  return `(${value})::${casts[keyTypes[column.column.columnType] ?? 'text']}`;
}

/** The SQL of a key's text from its column values (SQL, in key order): see `encodeKey` for the form. */
export function keyTextSql(values: readonly string[]): string {
  if (values.length === 1) return `(${values[0]})::text`;
  return `'[' || ${values.map((value) => `to_json((${value})::text)::text`).join(` || ',' || `)} || ']'`;
}

/** The SQL of one column's text inside a key, for casting back. */
export function keyPartSql(key: string, index: number, count: number): string {
  return count === 1 ? key : `((${key})::json ->> ${index})`;
}
