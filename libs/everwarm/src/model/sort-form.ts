import type { OrderTerm } from './plan.ts';
import { type ColumnInfo, definition } from './schema.ts';

/*
 * Order-preserving bytes: comparing two encodings byte by byte gives the order of the values, and no encoding is a prefix of
 * another, so encodings of several columns can be put one after the other. Integers are big-endian with the sign bit turned;
 * text is its UTF-8 bytes and a zero; descending order inverts every byte; a byte before a nullable value places its nulls.
 */

const signed32 = (hex: string): string => `int4send((('x' || encode(${hex}, 'hex'))::bit(32)::integer) # (-2147483648))`;
const signed64 = (hex: string): string => `int8send((('x' || encode(${hex}, 'hex'))::bit(64)::bigint) # (-9223372036854775808))`;
const integer = (value: string): string => `int8send((${value})::bigint # (-9223372036854775808))`;
const text = (value: string): string => `convert_to((${value})::text, 'UTF8') || '\\x00'::bytea`;

const forms: Readonly<Record<string, (value: string) => string>> = {
  PgSmallInt: integer,
  PgSmallSerial: integer,
  PgInteger: integer,
  PgSerial: integer,
  PgBigInt53: integer,
  PgBigInt64: integer,
  PgBigSerial53: integer,
  PgBigSerial64: integer,
  PgBoolean: (value) => `case when ${value} then '\\x01'::bytea else '\\x00'::bytea end`,
  PgUUID: (value) => `uuid_send(${value})`,
  PgDate: (value) => signed32(`date_send(${value})`),
  PgDateString: (value) => signed32(`date_send(${value})`),
};

/** The bytes of one sort term. Throws E_DEFINITION for an expression or a type whose order has no bytes yet. */
export function sortTermSql(term: OrderTerm, path: string): string {
  const column = term.columns[0];
  if (term.columns.length !== 1 || !column || !/^"t\d+"\."(?:[^"]|"")+"$/.test(term.sql)) {
    throw definition(path, 'orders by an expression, which a list does not support yet. Order by plain columns.');
  }
  return encode(column, term.sql, path, term.descending, term.nullsFirst);
}

/** The bytes of a key column that ends the order, ascending; texts compare by their bytes here, whatever their collation. */
export function sortKeySql(column: ColumnInfo, value: string, path: string): string {
  const textual =
    column.column.columnType === 'PgText' || column.column.columnType === 'PgVarchar' || column.column.columnType === 'PgEnumColumn';
  return textual ? text(value) : encode(column, value, path, false, false);
}

function encode(column: ColumnInfo, value: string, path: string, descending: boolean, nullsFirst: boolean): string {
  const form = formOf(column);
  if (!form) {
    throw definition(
      path,
      `orders by "${column.property}" of type ${column.column.getSQLType()}, which a list does not support yet. Use an integer, uuid, boolean, date or timestamp column.`,
    );
  }
  const bytes = descending
    ? `decode(translate(encode(${form(value)}, 'hex'), '0123456789abcdef', 'fedcba9876543210'), 'hex')`
    : `(${form(value)})`;
  if (column.column.notNull) return bytes;
  return `case when ${value} is null then '\\x${nullsFirst ? '00' : '02'}'::bytea else '\\x01'::bytea || ${bytes} end`;
}

function formOf(column: ColumnInfo): ((value: string) => string) | undefined {
  const type = column.column.columnType;
  if (type !== 'PgTimestamp' && type !== 'PgTimestampString') return forms[type];
  const send = Reflect.get(column.column, 'withTimezone') === true ? 'timestamptz_send' : 'timestamp_send';
  return (value) => signed64(`${send}(${value})`);
}
