import { type ColumnInfo, definition } from '#model/schema.ts';
import { identifier } from '#model/sql/literal.ts';
import { type SqlToken, sqlTokens } from './sql-tokens.ts';
import { isNow, type TimeComparison, type TimeOperand, timeComparison } from './time-comparison.ts';

/** What an expression has to do with the time at which it is asked. */
export type Timed = {
  /** The moments at which its value may change, as SQL of type timestamptz over its row; null where a row has none. Never empty. */
  readonly moments: readonly string[];
  /** The conditions that it joins by `and` and that do not look at the time, as SQL. */
  readonly steady: readonly string[];
  /** The expression with each comparison with the time replaced by one of the same type that does not look at it. */
  readonly atRest: string;
};

/** What else asks for the time: what it gives depends on the session, or changes within one document. */
const otherClocks: ReadonlySet<string> = new Set([
  'now',
  'current_timestamp',
  'current_date',
  'current_time',
  'localtime',
  'localtimestamp',
  'clock_timestamp',
  'statement_timestamp',
  'transaction_timestamp',
  'timeofday',
]);

const cure =
  "Only a column of the row itself compared with now() can be followed: write column < now(), or column >= now() - interval '7 days'.";

/**
 * Finds out when an expression's value changes without any row changing. It may look at the time only by comparisons of a
 * timestamp or date column with `now()`, either moved by an interval: between two such moments it gives the same, whatever it
 * makes of them. Returns null for one that never looks at the time. Throws E_DEFINITION for any other use of the time.
 */
export function timedExpression(sql: string, alias: string, columns: readonly ColumnInfo[], path: string): Timed | null {
  const tokens = sqlTokens(sql);
  const comparisons: TimeComparison[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const found = timeComparison(tokens, at, alias);
    if (found?.pairs.flat().some(({ base }) => base === 'now')) {
      comparisons.push(found);
      at = found.end - 1;
    } else if (looksAtClock(tokens, at))
      throw definition(path, `uses ${tokens[at]?.text} otherwise than in a comparison with a column: ${excerpt(sql)}. ${cure}`);
  }
  if (comparisons.length === 0) return null;
  const moments = comparisons.flatMap(({ pairs }) => pairs.flatMap((pair) => momentOf(pair, alias, columns, path)));
  return {
    moments: [...new Set(moments)],
    steady: steadyConditions(sql, tokens, comparisons, 0, tokens.length),
    atRest: replaced(sql, tokens, comparisons, alias),
  };
}

const excerpt = (sql: string): string => (sql.length > 120 ? `${sql.slice(0, 120)}…` : sql);

function looksAtClock(tokens: readonly SqlToken[], at: number): boolean {
  const token = tokens[at];
  if (token?.kind !== 'word' || !otherClocks.has(token.text)) return false;
  // A function of the user's own by that name is refused where functions are looked up.
  if (tokens[at - 1]?.text === '.') return false;
  return isNow(tokens, at) || token.text.startsWith('current_') || token.text.startsWith('local') || tokens[at + 1]?.text === '(';
}

/** Column + a = now() + b, solved for now(). */
function momentOf(
  [left, right]: readonly [TimeOperand, TimeOperand],
  alias: string,
  columns: readonly ColumnInfo[],
  path: string,
): string[] {
  const [time, other] = left.base === 'now' ? [left, right] : [right, left];
  const { base } = other;
  if (base === 'now') throw definition(path, `compares now() with now(). ${cure}`);
  if (time.base !== 'now') return [];
  const column = columns.find((candidate) => candidate.name === base.column);
  if (!column || !/^Pg(Timestamp|Date)(String)?$/.test(column.column.columnType))
    throw definition(path, `compares "${base.column}" with now(), which is not a timestamp or date column. ${cure}`);
  for (const { interval } of [...time.shifts, ...other.shifts]) checkInterval(interval, path);
  const bare = `${alias}.${identifier(column.name)}`;
  const name = base.otherwise === undefined ? bare : `coalesce(${bare}, ${base.otherwise})`;
  const shifts = [
    ...other.shifts.map(({ sign, interval }) => ` ${sign} interval '${interval}'`),
    ...time.shifts.map(({ sign, interval }) => ` ${sign === '+' ? '-' : '+'} interval '${interval}'`),
  ];
  // Beyond these years, infinity among them, nothing comes that anybody could wait for, and adding an interval would fail.
  return [`case when ${name} between '4000-01-01 BC' and '200000-01-01' then ${name}::timestamptz${shifts.join('')} end`];
}

/** Units of one length; of these `now() - interval` has an inverse. */
const unit = '(?:microseconds?|milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|hours?|hrs?|h|days?|d|weeks?|w)';
const duration = new RegExp(
  String.raw`^\s*(?:[-+]?\d{1,6}(?:\.\d{1,6})?\s*${unit}\s*)*(?:[-+]?\d{1,6}:\d\d(?::\d\d(?:\.\d{1,6})?)?\s*)?(?:\bago\s*)?$`,
  'i',
);

function checkInterval(interval: string, path: string): void {
  if (duration.test(interval) && /\d/.test(interval)) return;
  throw definition(
    path,
    `compares with now() by the interval ${JSON.stringify(interval)}. Months and years have no fixed length: write weeks, days, hours, minutes or seconds, such as interval '30 days'.`,
  );
}

/** Splits at each `and` outside of parentheses, as deep as parentheses hold nothing else, and keeps what has no comparison with the time in it. */
function steadyConditions(
  sql: string,
  tokens: readonly SqlToken[],
  comparisons: readonly TimeComparison[],
  from: number,
  to: number,
): string[] {
  if (!comparisons.some(({ first, end }) => first < to && end > from)) return [`(${sql.slice(tokens[from]?.start, tokens[to - 1]?.end)})`];
  const cuts: number[] = [];
  let depth = 0;
  let whole = tokens[from]?.text === '(';
  for (let at = from; at < to; at++) {
    const inside = comparisons.find(({ first, end }) => at >= first && at < end);
    if (inside) {
      at = inside.end - 1;
      whole &&= depth > 0;
      continue;
    }
    const text = tokens[at]?.text ?? '';
    if (text === '(') depth++;
    if (text === ')') depth--;
    if (depth === 0 && at < to - 1) whole = false;
    if (depth > 0) continue;
    if (text === 'or' || text === 'between' || text === 'case') return [];
    if (text === 'and') cuts.push(at);
  }
  if (whole) return steadyConditions(sql, tokens, comparisons, from + 1, to - 1);
  if (cuts.length === 0) return [];
  return [...cuts, to].flatMap((cut, index) =>
    steadyConditions(sql, tokens, comparisons, index === 0 ? from : (cuts[index - 1] ?? 0) + 1, cut),
  );
}

function replaced(sql: string, tokens: readonly SqlToken[], comparisons: readonly TimeComparison[], alias: string): string {
  let text = '';
  let from = 0;
  for (const { first, end, pairs } of comparisons) {
    const column = pairs.flat().flatMap(({ base }) => (base === 'now' ? [] : [base.column]))[0] ?? '';
    text += `${sql.slice(from, tokens[first]?.start)}(${alias}.${identifier(column)} is null)`;
    from = tokens[end - 1]?.end ?? sql.length;
  }
  return text + sql.slice(from);
}
