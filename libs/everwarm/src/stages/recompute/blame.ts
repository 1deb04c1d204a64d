import { codeOf, isFailureOfValue } from '#contracts/failure.ts';
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
  if (isFailureOfValue(error)) return 'value';
  return isStatementError(error) ? 'statement' : 'server';
}

/**
 * After how many failures in a row a key is quarantined. What its rows say does not change by waiting: a newer change is what
 * heals it, and that is tried in any case. A statement that took too long may only have met a busy server.
 */
export function attemptsFor(error: unknown): number {
  return blameFor(error) === 'time' ? 6 : 3;
}
