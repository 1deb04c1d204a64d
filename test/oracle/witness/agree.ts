import { isDeepStrictEqual } from 'node:util';
import { type Column, is } from 'drizzle-orm';
import { PgArray } from 'drizzle-orm/pg-core';
import { moment } from '../json-forms.ts';

/*
 * Whether a value that Drizzle gives and the one in a document are the same. Where Drizzle is known to lose something, as much as it
 * keeps is compared: null stands for nothing at all.
 */

/** `nested`: the value came to Drizzle as JSON, and numbers in it went through a double. */
type Agreement = (value: unknown, said: unknown, nested: boolean, column: Column) => boolean | null;

const same: Agreement = (value, said) => value === said;
const asNumber: Agreement = (value, said) => (Number.isFinite(value) ? value === said : String(value) === said);
const asDigits: Agreement = (value, said, nested) => (nested ? Object.is(Number(value) + 0, Number(said) + 0) : String(value) === said);
/** A `Date` holds milliseconds and, as Postgres writes them, no infinities and only years of four digits. */
const asDate =
  (length: number): Agreement =>
  (value, said) =>
    /^(?!0000)\d{4}-[^B]*$/.test(String(said))
      ? value instanceof Date && Number.isFinite(value.getTime()) && value.toISOString().slice(0, length) === String(said).slice(0, length)
      : null;
const asMoment: Agreement = (value, said, _nested, column) => {
  const text = String(value).replace('T', ' ').replace('+00:00', '+00');
  return JSON.parse(moment(6, Reflect.get(column, 'withTimezone') === true)(text)) === said;
};

const agreements: Readonly<Record<string, Agreement>> = {
  ...Object.fromEntries(
    ['Text', 'Varchar', 'Char', 'UUID', 'EnumColumn', 'Boolean', 'DateString', 'Time', 'Interval', 'Inet', 'Cidr', 'Macaddr'].map(
      (type) => [`Pg${type}`, same],
    ),
  ),
  ...Object.fromEntries(
    ['SmallInt', 'Integer', 'Serial', 'BigInt53', 'Real', 'DoublePrecision', 'NumericNumber'].map((type) => [`Pg${type}`, asNumber]),
  ),
  PgBigInt64: asDigits,
  PgNumeric: asDigits,
  PgNumericBigInt: asDigits,
  PgDate: asDate(10),
  PgTimestamp: asDate(23),
  PgTimestampString: asMoment,
  PgJson: (value, said) => isDeepStrictEqual(value, said),
  PgJsonb: (value, said) => isDeepStrictEqual(value, said),
};

/** Whether the two are the same value of this column; null where Drizzle cannot know. */
export function agree(column: Column, value: unknown, said: unknown, nested: boolean): boolean | null {
  if (value === null || said === null) return value === said;
  if (!is(column, PgArray)) return agreements[column.columnType]?.(value, said, nested, column) ?? null;
  if (!Array.isArray(value) || !Array.isArray(said) || value.length !== said.length) return false;
  // Drizzle's arrays know no nulls: it makes of them what the type makes of null, or of the text NULL.
  const elements = value.map((element: unknown, index) =>
    said[index] === null ? null : agree(column.baseColumn, element, said[index], nested),
  );
  return elements.includes(false) ? false : elements.includes(null) ? null : true;
}

/** Whether what an expression gives is the same: of its type nothing is known, so numbers count as numbers. */
export function agreeFreely(value: unknown, said: unknown): boolean {
  return value === said || String(value) === String(said) || (value !== null && said !== null && Number(value) === Number(said));
}
