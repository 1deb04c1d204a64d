import type { Column } from 'drizzle-orm';
import type { KeyColumn } from '#contracts/compiled.ts';
import type { KeyType } from '#contracts/key.ts';
import { identifier, textLiteral } from './literal.ts';
import { type ColumnInfo, definition } from './schema.ts';

/** How a value of a column type becomes JSON text: given the SQL of a non-null value, the SQL of its JSON as text. */
type JsonForm = (value: string, column: Column) => string;

const asIs: JsonForm = (value) => `(${value})::text`;
const quoted: JsonForm = (value) => `to_json((${value})::text)::text`;
const json: JsonForm = (value) => `to_json(${value})::text`;
const bytes: JsonForm = (value) => `to_json(translate(encode(${value}, 'base64'), E'\\n', ''))::text`;

/**
 * ISO 8601 to the third or sixth digit. Years of four digits take the short way; beyond them to_char would drop `BC` and write
 * years that no `Date` reads, so they get a sign and six digits, as JavaScript's `toISOString` has it. `infinity` stays text.
 */
const time =
  (digits: 'MS' | 'US'): JsonForm =>
  (value, column) => {
    const zoned = Reflect.get(column, 'withTimezone') === true;
    const local = zoned ? `((${value}) at time zone 'UTC')` : `(${value})`;
    const rest = `-MM-DD"T"HH24:MI:SS.${digits}${zoned ? '"Z"' : ''}\\"`;
    const year = `(extract(year from ${local}) + case when extract(year from ${local}) < 0 then 1 else 0 end)`;
    return `case when ${value} >= '0001-01-01 00:00:00Z' and ${value} < '10000-01-01 00:00:00Z' then to_char(${local}, ${textLiteral(`\\"YYYY${rest}`)}) \
when isfinite(${value}) then '"' || to_char(${year}, case when ${year} = 0 then 'FM0000' else 'FMSG000000' end) || to_char(${local}, ${textLiteral(rest)}) \
else to_json((${value})::text)::text end`;
  };

const date: JsonForm = (value) => `to_json((${value})::text)::text`;

const jsonForms: Readonly<Record<string, JsonForm>> = {
  PgSmallInt: asIs,
  PgSmallSerial: asIs,
  PgInteger: asIs,
  PgSerial: asIs,
  PgBigInt53: asIs,
  PgBigSerial53: asIs,
  PgBigInt64: quoted,
  PgBigSerial64: quoted,
  PgNumeric: quoted,
  PgNumericBigInt: quoted,
  PgNumericNumber: json,
  PgReal: json,
  PgDoublePrecision: json,
  PgText: json,
  PgVarchar: json,
  PgChar: json,
  PgEnumColumn: quoted,
  PgEnumObjectColumn: quoted,
  PgUUID: quoted,
  PgBoolean: asIs,
  PgJson: asIs,
  PgJsonb: asIs,
  PgDate: date,
  PgDateString: date,
  PgTimestamp: time('MS'),
  PgTimestampString: time('US'),
  PgTime: quoted,
  PgInterval: quoted,
  PgInet: quoted,
  PgCidr: quoted,
  PgMacaddr: quoted,
  PgMacaddr8: quoted,
  PgBytea: bytes,
};

/** Element types whose own `array_to_json` already is the JSON form of the element. */
const plainElements = new Set([
  'PgSmallInt',
  'PgInteger',
  'PgText',
  'PgVarchar',
  'PgBoolean',
  'PgUUID',
  'PgEnumColumn',
  'PgReal',
  'PgDoublePrecision',
  'PgBigInt53',
]);

/** The SQL that gives a column's value as JSON text, `null` included. Throws E_DEFINITION for a type without a JSON form. */
export function jsonText(column: ColumnInfo, value: string, path: string, nullable = !column.column.notNull): string {
  const form =
    column.column.columnType === 'PgArray' && plainElements.has(elementType(column.column)) ? json : jsonForms[column.column.columnType];
  if (!form) {
    throw definition(
      path,
      `selects "${column.property}" of type ${column.column.getSQLType()} (${column.column.columnType}), which has no JSON form yet. Leave it out of "columns".`,
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
  PgEnumColumn: 'text',
  PgDateString: 'date',
};

/** The key type of a column. Throws E_DEFINITION where a column of that type cannot be part of a key, join or partition. */
export function keyType(column: ColumnInfo, path: string): KeyType {
  const type = keyTypes[column.column.columnType];
  if (!type)
    throw definition(
      path,
      `needs "${column.property}" of type ${column.column.getSQLType()} as a key, which is not supported. Keys, joins and partitions may be integers, bigints, uuids, texts, enums and dates.`,
    );
  return type;
}

/** A column as part of a key. Throws as {@link keyType} does. */
export function keyColumn(column: ColumnInfo, path: string): KeyColumn {
  const key = { name: column.name, property: column.property, type: keyType(column, path) };
  return column.column.columnType === 'PgEnumColumn' ? { ...key, labels: column.column.enumValues ?? [] } : key;
}

/** The SQL that casts a key's text to the column's own type, so that its index can be used. */
export function castText(column: ColumnInfo, value: string): string {
  const enumeration: unknown = Reflect.get(column.column, 'enum');
  if (
    column.column.columnType === 'PgEnumColumn' &&
    (typeof enumeration === 'function' || typeof enumeration === 'object') &&
    enumeration !== null
  ) {
    const schema: unknown = Reflect.get(enumeration, 'schema');
    return `(${value})::${identifier(typeof schema === 'string' ? schema : 'public')}.${identifier(String(Reflect.get(enumeration, 'enumName')))}`;
  }
  // A foreign key without a constraint may hold what an integer key cannot: compared as bigint it finds nothing, and the index still serves.
  const casts: Record<KeyType, string> = { integer: 'bigint', bigint: 'bigint', uuid: 'uuid', text: 'text', date: 'date' };
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

function elementType(column: Column): string {
  const base: unknown = Reflect.get(column, 'baseColumn');
  return typeof base === 'object' && base !== null ? String(Reflect.get(base, 'columnType')) : '';
}
