import type { SqlToken } from './sql-tokens.ts';

/** One side of a comparison: the moment of the statement or a column (or what stands in for its null), and the intervals added to it. */
export type TimeOperand = {
  readonly base: 'now' | { readonly column: string; readonly otherwise?: string };
  readonly shifts: readonly { readonly sign: '+' | '-'; readonly interval: string }[];
};

/** A comparison of two such sides, or of one with two (`between`), over the tokens from `first` up to `end`, which is not part of it. */
export type TimeComparison = {
  readonly first: number;
  readonly end: number;
  readonly pairs: readonly (readonly [TimeOperand, TimeOperand])[];
};

type Parsed = { readonly operand: TimeOperand; readonly end: number };

/** Words and signs between which a comparison is whole: all that Postgres binds looser than one, or that opens and closes a place for a value. */
const before: ReadonlySet<string> = new Set(['(', ',', 'and', 'or', 'not', 'case', 'when', 'then', 'else']);
const after: ReadonlySet<string> = new Set([')', ',', 'and', 'or', 'when', 'then', 'else', 'end', 'is', 'isnull', 'notnull', 'as']);
const comparing: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);

/** Whether the token asks for the moment of the statement, in one of the two ways that are understood. */
export function isNow(tokens: readonly SqlToken[], at: number): boolean {
  if (tokens[at]?.kind !== 'word' || tokens[at - 1]?.text === '.') return false;
  if (tokens[at].text === 'now') return tokens[at + 1]?.text === '(' && tokens[at + 2]?.text === ')';
  return tokens[at].text === 'current_timestamp' && tokens[at + 1]?.text !== '(';
}

/** The comparison that begins at this token and is whole, or null. `alias` is the table's: columns are written `alias."column"`. */
export function timeComparison(tokens: readonly SqlToken[], first: number, alias: string): TimeComparison | null {
  const previous = tokens[first - 1];
  if (previous && !before.has(previous.text)) return null;
  const left = operand(tokens, first, alias);
  if (!left) return null;
  const next = tokens[left.end];
  const whole = (end: number, pairs: TimeComparison['pairs']): TimeComparison | null =>
    tokens[end] === undefined || after.has(tokens[end].text) ? { first, end, pairs } : null;
  if (next?.kind === 'operator' && comparing.has(next.text)) {
    const right = operand(tokens, left.end + 1, alias);
    return right && whole(right.end, [[left.operand, right.operand]]);
  }
  const between = next?.text === 'not' ? left.end + 1 : left.end;
  if (tokens[between]?.text !== 'between') return null;
  const low = operand(tokens, between + 1, alias);
  if (!low || tokens[low.end]?.text !== 'and') return null;
  const high = operand(tokens, low.end + 1, alias);
  return (
    high &&
    whole(high.end, [
      [left.operand, low.operand],
      [left.operand, high.operand],
    ])
  );
}

function operand(tokens: readonly SqlToken[], at: number, alias: string): Parsed | null {
  const base = primary(tokens, at, alias);
  if (!base) return null;
  const shifts = [...base.operand.shifts];
  let { end } = base;
  for (;;) {
    const sign = tokens[end];
    if (sign?.text !== '+' && sign?.text !== '-') break;
    const interval = intervalAt(tokens, end + 1);
    if (!interval) return null;
    shifts.push({ sign: sign.text, interval: interval.text });
    ({ end } = interval);
  }
  return { operand: { base: base.operand.base, shifts }, end };
}

function primary(tokens: readonly SqlToken[], at: number, alias: string): Parsed | null {
  if (tokens[at]?.text === '(') {
    const inner = operand(tokens, at + 1, alias);
    return inner && tokens[inner.end]?.text === ')' ? { ...inner, end: inner.end + 1 } : null;
  }
  if (isNow(tokens, at)) return { operand: { base: 'now', shifts: [] }, end: at + (tokens[at]?.text === 'now' ? 3 : 1) };
  if (tokens[at]?.text === 'coalesce' && tokens[at + 1]?.text === '(') {
    const [comma, otherwise, close] = tokens.slice(at + 5, at + 8);
    const inner = columnAt(tokens, at + 2, alias);
    const isWhole = inner && comma?.text === ',' && otherwise?.kind === 'string' && close?.text === ')';
    return isWhole ? { operand: { base: { column: inner, otherwise: otherwise.text }, shifts: [] }, end: at + 8 } : null;
  }
  const column = columnAt(tokens, at, alias);
  return column === null ? null : { operand: { base: { column }, shifts: [] }, end: at + 3 };
}

function columnAt(tokens: readonly SqlToken[], at: number, alias: string): string | null {
  const [table, dot, column] = tokens.slice(at, at + 3);
  if (table?.kind !== 'quoted' || dot?.text !== '.' || column?.kind !== 'quoted' || unquoted(table.text) !== alias) return null;
  return unquoted(column.text);
}

/** `interval '1 day'`, `interval '1' day` or `'1 day'::interval`. */
function intervalAt(tokens: readonly SqlToken[], at: number): { readonly text: string; readonly end: number } | null {
  const [first, second, third] = tokens.slice(at, at + 3);
  if (first?.text === 'interval' && second?.kind === 'string') {
    const hasUnit = third?.kind === 'word' && /^(day|hour|minute|second)$/.test(third.text);
    return { text: hasUnit ? `${literalText(second)} ${third.text}` : literalText(second), end: at + (hasUnit ? 3 : 2) };
  }
  if (first?.kind === 'string' && second?.text === '::' && third?.text === 'interval') return { text: literalText(first), end: at + 3 };
  return null;
}

const literalText = (token: SqlToken): string => /^'([^'\\]*)'$/.exec(token.text)?.[1] ?? token.text;

const unquoted = (name: string): string => name.slice(1, -1).replaceAll('""', '"');
