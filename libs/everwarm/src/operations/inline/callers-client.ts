import { is } from 'drizzle-orm';
import { PgTransaction } from 'drizzle-orm/pg-core';

/** The connection of a transaction of the caller's: a Drizzle transaction, a client of `pg`, or whatever sends several statements to Postgres in one text. */
export type InlineClient = { execute(statements: string): PromiseLike<unknown> } | { query(statements: string): PromiseLike<unknown> };

/** A row as the driver gives it. */
type Row = Readonly<Record<string, unknown>>;

/** Whether this is the inside of a Drizzle transaction. */
export function isTransaction(client: unknown): boolean {
  return is(client, PgTransaction);
}

/** Sends statements without parameters, in one round trip, and gives the rows of the last one. The caller guarantees that nothing in them is input. */
export async function sendTogether(client: InlineClient, statements: readonly string[]): Promise<readonly Row[]> {
  const text = statements.join('; ');
  return rowsOf('execute' in client ? await client.execute(text) : await client.query(text));
}

/** Several statements answer with a list of results; a result is a list of rows, or has one. */
function rowsOf(answer: unknown): readonly Row[] {
  const last: unknown = Array.isArray(answer) && isResult(answer.at(-1)) ? answer.at(-1) : answer;
  if (Array.isArray(last)) return last as readonly Row[];
  return isResult(last) && 'rows' in last ? last.rows : [];
}

function isResult(value: unknown): value is readonly Row[] | { readonly rows: readonly Row[] } {
  return Array.isArray(value) || (typeof value === 'object' && value !== null && 'rows' in value && Array.isArray(value.rows));
}

/** The SQLSTATE of an error of any driver, behind whatever wraps it; null where there is none. */
export function sqlStateOf(error: unknown): string | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if ('code' in at && typeof at.code === 'string' && /^[0-9A-Z]{5}$/.test(at.code)) return at.code;
  return null;
}

/** What Postgres itself said, behind whatever wraps it. */
export function messageOf(error: unknown): string {
  let message = '';
  for (let at: unknown = error; at instanceof Error; at = at.cause) message = at.message;
  return message;
}
