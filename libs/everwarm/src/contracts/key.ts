import type { KeyColumn } from './compiled.ts';
import { EverwarmError } from './errors.ts';

/** The families of column types that a key may have; each has one text form on both sides of the wire. */
export type KeyType = 'integer' | 'bigint' | 'uuid' | 'text' | 'char' | 'date';

/** One column's value of a key, as code gives it. */
export type KeyValue = string | number | bigint | Date;

/** A key as code gives it: a scalar for one column, an object of columns for a composite key. */
export type KeyInput = KeyValue | { readonly [column: string]: KeyValue };

/** Longest key text that is accepted from outside, in characters. */
export const maxKeyLength = 1024;

// biome-ignore lint/suspicious/noControlCharactersInRegex: a null character and half a pair are what no Postgres text can hold
const wellFormed = /^[^\u0000\p{Surrogate}]*$/u;

const forms: Record<KeyType, { readonly test: RegExp; readonly means: string }> = {
  integer: { test: /^(0|-?[1-9]\d{0,9})$/, means: 'a whole number' },
  bigint: { test: /^(0|-?[1-9]\d{0,18})$/, means: 'a whole number' },
  uuid: { test: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, means: 'a lower-case uuid' },
  text: { test: wellFormed, means: 'well-formed text without null characters' },
  // Of equal values of char(n) Postgres shows the one without the blanks at its end.
  char: { test: wellFormed, means: 'well-formed text without null characters' },
  date: { test: /^(-?infinity|\d{4,7}-\d{2}-\d{2}( BC)?)$/, means: 'a date as YYYY-MM-DD' },
};

/** The most an int4 or int8 key can be; beyond it Postgres would refuse the statement of a whole batch. Texts that are short enough cannot be. */
const limits = { integer: { number: 2n ** 31n, sure: 9 }, bigint: { number: 2n ** 63n, sure: 18 } } as const;

/**
 * The text of a key: the value itself for one column, for several a JSON array of texts without spaces, as the recompute
 * SQL writes it. Throws E_KEY when a value is missing or not of its column's type.
 */
export function encodeKey(model: string, columns: readonly KeyColumn[], key: KeyInput): string {
  const texts = columns.map((column) =>
    keyText(model, column, columns.length === 1 && (typeof key !== 'object' || key instanceof Date) ? key : property(key, column)),
  );
  return columns.length === 1 ? (texts[0] ?? '') : ofLength(model, JSON.stringify(texts));
}

/** The text of one column's value, checked against its type and {@link maxKeyLength}. */
export function keyText(model: string, column: KeyColumn, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint' && !(value instanceof Date)) {
    throw keyError(model, `lacks ${column.property}, which must be ${forms[column.type].means}`);
  }
  const text = ofLength(model, plainText(column.type, value));
  if (!forms[column.type].test.test(text))
    throw keyError(model, `has ${column.property} = ${excerpt(text)}, which is not ${forms[column.type].means}`);
  if (column.labels && !column.labels.includes(text))
    throw keyError(model, `has ${column.property} = ${excerpt(text)}, which is not one of ${column.labels.map(excerpt).join(', ')}`);
  if (column.type === 'date' && !isDay(text)) throw keyError(model, `has ${column.property} = ${excerpt(text)}, which no calendar has`);
  if (column.type === 'integer' || column.type === 'bigint') {
    const limit = limits[column.type];
    if (text.length > limit.sure && (BigInt(text) >= limit.number || BigInt(text) < -limit.number))
      throw keyError(model, `has ${column.property} = ${excerpt(text)}, which is out of the range of ${column.type}`);
  }
  return text;
}

function ofLength(model: string, text: string): string {
  if (text.length > maxKeyLength) throw keyError(model, `is longer than ${maxKeyLength} characters`);
  return text;
}

/** A value as its type's text, as far as several texts mean one value. */
function plainText(type: KeyType, value: KeyValue): string {
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? String(value) : value.toISOString().slice(0, type === 'date' ? 10 : undefined);
  if (type === 'uuid') return String(value).toLowerCase();
  return type === 'char' ? String(value).replace(/ +$/, '') : String(value);
}

/** Whether Postgres would take the text for a date: it refuses the whole statement over one that it does not. */
function isDay(text: string): boolean {
  const [, year = '', month = '', day = ''] = /^(\d+)-(\d+)-(\d+)/.exec(text) ?? [];
  if (year === '') return true;
  const length = new Date(Date.UTC(2000 + (Number(text.endsWith(' BC') ? 1 - Number(year) : year) % 400), Number(month), 0)).getUTCDate();
  const isYear = Number(year) >= 1 && Number(year) <= (text.endsWith(' BC') ? 4713 : 5_874_897);
  return isYear && Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= length;
}

function property(key: KeyInput, column: KeyColumn): unknown {
  // Callers without types give null for a key that they do not have.
  return typeof key === 'object' && key !== null && !(key instanceof Date) ? key[column.property] : undefined;
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function keyError(model: string, what: string): EverwarmError {
  return new EverwarmError('E_KEY', `The key for ${model} ${what}.`, { context: { model } });
}
