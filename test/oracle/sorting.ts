import { keyOf, type Row } from './naive.ts';

/** Compares the texts of two values as Postgres compares the values. */
export type Comparison = (left: string, right: string) => number;

/** Integers of any size. */
export const byInteger: Comparison = (left, right) => sign(BigInt(left), BigInt(right));

/** Numerics and floats of modest size; NaN is the greatest, as Postgres has it. */
export const byNumber: Comparison = (left, right) => {
  const [a, b] = [Number(left), Number(right)];
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return sign(a, b);
};

/** Texts in collation C, and everything whose text sorts like its value: uuids, times. */
export const byBytes: Comparison = (left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right));

/** Booleans: false first. */
export const byTruth: Comparison = (left, right) => Number(left === 'true') - Number(right === 'true');

/** Enums, in the order of their labels. */
export const byLabel =
  (labels: readonly string[]): Comparison =>
  (left, right) =>
    labels.indexOf(left) - labels.indexOf(right);

/** Dates and timestamps, infinities and years before Christ included. */
export const byTime: Comparison = (left, right) => {
  const [a, b] = [timeline(left), timeline(right)];
  return sign(a[0], b[0]) || byBytes(a[1], b[1]);
};

/** One term of an order; nulls come last unless `nullsFirst`, also when descending. */
export type Term = {
  readonly column: string;
  readonly by: Comparison;
  readonly descending?: boolean;
  readonly nullsFirst?: boolean;
};

/** `asc` as Postgres has it: nulls last. */
export const asc = (column: string, by: Comparison): Term => ({ column, by });

/** `desc` as Postgres has it: nulls first. */
export const desc = (column: string, by: Comparison): Term => ({ column, by, descending: true, nullsFirst: true });

/** A copy of the rows in this order. */
export function sorted(rows: readonly Row[], ...terms: readonly Term[]): Row[] {
  return rows.toSorted((left, right) => {
    for (const term of terms) {
      const order = compare(left[term.column] ?? null, right[term.column] ?? null, term);
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** A row as an entry of one partition of a list. */
export type Entry = readonly [partition: string, row: Row];

/** The keys of each partition's rows, in this order. */
export function partitioned(entries: readonly Entry[], key: readonly string[], ...terms: readonly Term[]): Map<string, string[]> {
  const groups = new Map<string, Row[]>();
  for (const [partition, row] of entries) groups.set(partition, [...(groups.get(partition) ?? []), row]);
  return new Map([...groups].map(([partition, rows]) => [partition, sorted(rows, ...terms).map((row) => keyOf(row, key))]));
}

function compare(left: string | null, right: string | null, { by, descending, nullsFirst }: Term): number {
  if (left === null || right === null) {
    const nulls = Number(left === null) - Number(right === null);
    return nullsFirst ? -nulls : nulls;
  }
  const order = by(left, right);
  return descending ? -order : order;
}

function sign<T extends number | bigint>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A year that counts through zero, and the rest, which sorts as text. */
function timeline(text: string): [number, string] {
  if (text === 'infinity') return [Number.POSITIVE_INFINITY, ''];
  if (text === '-infinity') return [Number.NEGATIVE_INFINITY, ''];
  const [, year = '0', rest = ''] = /^(\d+)-(.*?)(?:\+00)?(?: BC)?$/.exec(text) ?? [];
  return [text.endsWith(' BC') ? 1 - Number(year) : Number(year), rest];
}
