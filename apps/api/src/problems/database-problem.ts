import { DrizzleQueryError } from 'drizzle-orm/errors';
import type { Problem } from './problem.ts';

/** Node's and Postgres's codes for a server that is away, shutting down, full, closed to connections, or asks to be tried again. */
const away = /^(ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|08|53|55000|55P03|57P|57014|40001|40P01)/;

/**
 * What an error of the database means to a client, if it means anything: a server that is away is worth another try, a value
 * that Postgres cannot hold (a null character in a text) is the client's own. Undefined for everything else.
 */
export function databaseProblem(error: unknown): Problem | undefined {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (!(cause instanceof Error)) return undefined;
  const code = 'code' in cause ? String(cause.code) : '';
  if (away.test(code) || /^(Connection terminated|timeout exceeded when trying to connect)/.test(cause.message)) {
    return { status: 503, code: 'unavailable', detail: 'The database cannot answer at the moment. Try again in a second.' };
  }
  if (/^22[0-9A-Z]{3}$/.test(code))
    return { status: 400, code: 'invalid', detail: 'A value cannot be stored. Text must not contain null characters.' };
  return undefined;
}
