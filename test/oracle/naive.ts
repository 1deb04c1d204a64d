import type { Form } from './json-forms.ts';

/** A row as text: column name to what Postgres prints for it, null for null. */
export type Row = Readonly<Record<string, string | null>>;

/** The rows of every table, by `schema.table`, as one snapshot saw them, and when that was. */
export type Rows = { (table: string): readonly Row[]; readonly now: string };

/** Properties of a document that are columns: [property, column, form], in the order in which they stand in the document. */
export type Fields = readonly (readonly [property: string, column: string, form: Form])[];

/** One property of a document with its JSON text. */
export type Part = readonly [property: string, json: string];

/** The JSON text of a value. */
export const value = (text: string | null | undefined, form: Form): string => (text === null || text === undefined ? 'null' : form(text));

/** The column properties of a row. */
export const pick = (row: Row, fields: Fields): Part[] => fields.map(([property, column, form]) => [property, value(row[column], form)]);

/** Some of the fields. */
export const only = (fields: Fields, ...properties: string[]): Fields => fields.filter(([property]) => properties.includes(property));

/** A related row as JSON, null where there is none. */
export const one = (row: Row | undefined, shape: (row: Row) => string): string => (row ? shape(row) : 'null');

/** A JSON object of these properties, in this order. */
export const object = (...parts: readonly (Part | readonly Part[])[]): string =>
  `{${parts
    .flatMap((part) => (isPart(part) ? [part] : part))
    .map(([property, json]) => `${JSON.stringify(property)}:${json}`)
    .join(',')}}`;

/** A JSON array. */
export const array = (items: readonly string[]): string => `[${items.join(',')}]`;

/** The text of a key: the value of a single column, else a JSON array of texts. */
export const keyOf = (row: Row, columns: readonly string[]): string =>
  columns.length === 1 ? (row[columns[0]!] ?? '') : JSON.stringify(columns.map((column) => row[column]));

/** The rows whose `columns` equal `of` of the given row; null equals nothing. Indexed per snapshot, so that a large history stays quick. */
export function matching(rows: readonly Row[], columns: readonly string[], row: Row, of: readonly string[]): readonly Row[] {
  const perColumns = indexes.get(rows) ?? new Map<string, Map<string, Row[]>>();
  indexes.set(rows, perColumns);
  const name = columns.join();
  let index = perColumns.get(name);
  if (!index) {
    index = new Map();
    for (const candidate of rows) {
      if (columns.some((column) => candidate[column] === null)) continue;
      const id = JSON.stringify(columns.map((column) => candidate[column]));
      index.set(id, [...(index.get(id) ?? []), candidate]);
    }
    perColumns.set(name, index);
  }
  if (of.some((column) => row[column] === null)) return [];
  return index.get(JSON.stringify(of.map((column) => row[column]))) ?? [];
}

const indexes = new WeakMap<readonly Row[], Map<string, Map<string, Row[]>>>();

function isPart(part: Part | readonly Part[]): part is Part {
  return typeof part[0] === 'string';
}
