import { type Form, plain } from './json-forms.ts';
import type { Row } from './naive.ts';
import { type Comparison, sorted } from './sorting.ts';

/*
 * Aggregates over the texts of a column, in decimal arithmetic of their own.
 */

/** A decimal number: `digits` / 10^`scale`. */
type Decimal = { readonly digits: bigint; readonly scale: number };

const texts = (rows: readonly Row[], column: string): string[] => rows.flatMap((row) => row[column] ?? []);

/** The sum; 0 for no rows. `form` is that of the column. */
export function sum(rows: readonly Row[], column: string, form: Form = plain): string {
  const values = texts(rows, column);
  if (values.includes('NaN')) return form('NaN');
  return form(values.length === 0 ? '0' : print(total(values)));
}

/** The average as decimal text; null for no rows. */
export function average(rows: readonly Row[], column: string): string {
  const values = texts(rows, column);
  if (values.length === 0) return 'null';
  if (values.includes('NaN')) return '"NaN"';
  return JSON.stringify(divide(total(values), BigInt(values.length)));
}

/** The smallest value in this order; null for no rows. Of values that are equal and print differently, that of the smallest key. */
export function least(rows: readonly Row[], column: string, by: Comparison, form: Form, descending = false): string {
  const [first] = sorted(
    rows.filter((row) => row[column] !== null),
    { column, by, descending },
  );
  return first ? form(first[column]!) : 'null';
}

/** The largest value in this order, as {@link least}. */
export const greatest = (rows: readonly Row[], column: string, by: Comparison, form: Form): string => least(rows, column, by, form, true);

function total(values: readonly string[]): Decimal {
  return values.map(parse).reduce((left, right) => {
    const scale = Math.max(left.scale, right.scale);
    return { digits: widen(left, scale) + widen(right, scale), scale };
  });
}

function parse(text: string): Decimal {
  const [whole = '', fraction = ''] = text.split('.');
  return { digits: BigInt(`${whole}${fraction}`), scale: fraction.length };
}

function widen({ digits, scale }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(to - scale);
}

function print({ digits, scale }: Decimal): string {
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  const point = text.length - scale;
  return `${digits < 0n ? '-' : ''}${text.slice(0, point)}${scale > 0 ? `.${text.slice(point)}` : ''}`;
}

/** Postgres divides numerics to at least sixteen significant digits, counted in groups of four. */
function divide(dividend: Decimal, divisor: bigint): string {
  const [weight, first] = leadingGroup(print({ ...dividend, digits: dividend.digits < 0n ? -dividend.digits : dividend.digits }));
  const [divisorWeight, divisorFirst] = leadingGroup(String(divisor));
  const quotientWeight = weight - divisorWeight - (first <= divisorFirst ? 1 : 0);
  const scale = Math.max(16 - quotientWeight * 4, dividend.scale, 0);
  const scaled = widen(dividend, Math.max(scale, dividend.scale));
  const negative = scaled < 0n;
  const size = negative ? -scaled : scaled;
  const rounded = (size * 2n + divisor) / (divisor * 2n);
  return print({ digits: negative ? -rounded : rounded, scale });
}

/** The position and the value of the first group of four decimal digits that is not zero. */
function leadingGroup(text: string): [weight: number, group: number] {
  const [whole = '', fraction = ''] = text.split('.');
  const width = Math.ceil(whole.length / 4) * 4;
  const groups = `${whole.padStart(width, '0')}${fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0')}`.match(/.{4}/g) ?? [];
  const index = groups.findIndex((group) => group !== '0000');
  return index < 0 ? [0, 0] : [width / 4 - 1 - index, Number(groups[index])];
}
