import { codeOf } from '#contracts/failure.ts';
import { isStatementError } from '#contracts/statement-error.ts';

/**
 * Whom an error of the recompute statement is about, by its SQLSTATE: a value among its rows, the time it takes, the statement
 * itself, another session, or the server. Only the first two are a key's own; they are isolated and, in the end, quarantined.
 */
export function blameFor(error: unknown): 'value' | 'time' | 'statement' | 'lock' | 'server' {
  const state = codeOf(error);
  if (state === '57014') return 'time';
  // A table that somebody holds whole, for a DDL statement or a TRUNCATE.
  if (state === '55P03' || state === '40P01') return 'lock';
  // 21 cardinality, 22 data, 23 constraint, 38 and 39 functions, 54 limit, P0 raised, XX a row that cannot be read.
  if (/^(21|22|23|38|39|54|P0|XX)...$/.test(state)) return 'value';
  return isStatementError(error) ? 'statement' : 'server';
}

/**
 * After how many failures in a row a key is quarantined. What its rows say does not change by waiting: a newer change is what
 * heals it, and that is tried in any case. A statement that took too long may only have met a busy server.
 */
export function attemptsFor(error: unknown): number {
  return blameFor(error) === 'time' ? 6 : 3;
}
