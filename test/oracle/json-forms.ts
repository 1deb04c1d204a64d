/*
 * The JSON form of each column type, from the text that Postgres prints under fixed settings. Written from the definition of
 * the forms alone, and deliberately by other means than the engine: the engine builds them in SQL.
 */

/** Turns the text of a value that is not null into JSON text. */
export type Form = (text: string) => string;

/** Integers, booleans, json, jsonb: the text is the JSON. */
export const plain: Form = (text) => text;

/** Everything that is text in JSON: text itself, uuids, enums, dates, times, intervals, bigints and numerics as decimal text. */
export const quoted: Form = (text) => JSON.stringify(text);

/** Network addresses: a cast to text says the mask of a single host, too. */
export const address: Form = (text) => quoted(text.includes(':') ? text.replace(/\/128$/, '') : text.replace(/\/32$/, ''));

/** Floats: a number, except for what JSON has no number for. */
export const float: Form = (text) => (/[NI]/.test(text) ? quoted(text) : text);

/** ISO 8601 with three digits (Drizzle's mode `date`) or six (mode `string`), `Z` where the column has a zone. */
export const moment =
  (digits: 3 | 6, zoned: boolean): Form =>
  (text) => {
    const parts = /^(\d+)(-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?(?:\+00)?( BC)?$/.exec(text);
    if (!parts) return quoted(text);
    const [, digitsOfYear = '', day = '', clock = '', fraction = '', bc] = parts;
    const year = bc ? 1 - Number(digitsOfYear) : Number(digitsOfYear);
    const shown = year >= 0 && year <= 9999 ? pad(year, 4) : `${year < 0 ? '-' : '+'}${pad(Math.abs(year), 6)}`;
    return quoted(`${shown}${day}T${clock}.${fraction.padEnd(6, '0').slice(0, digits)}${zoned ? 'Z' : ''}`);
  };

/** A one-dimensional array: each element by its own form. */
export const arrayOf =
  (element: Form): Form =>
  (text) =>
    `[${elementsOf(text)
      .map((item) => (item === null ? 'null' : element(item)))
      .join(',')}]`;

/** The elements of an array's text, `{a,"b c",NULL}`. */
function elementsOf(text: string): (string | null)[] {
  const items: (string | null)[] = [];
  const inner = text.slice(1, -1);
  const element = /"((?:[^"\\]|\\.)*)"|([^,]+)/gs;
  for (const [, inQuotes, bare] of inner.matchAll(element))
    items.push(inQuotes === undefined ? (bare === 'NULL' ? null : (bare ?? '')) : inQuotes.replace(/\\(.)/gs, '$1'));
  return items;
}

const pad = (number: number, length: number): string => String(number).padStart(length, '0');
