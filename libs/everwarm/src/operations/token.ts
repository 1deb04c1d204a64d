import { EverwarmError } from '#contracts/errors.ts';
import { encodeToken, type Token } from '#contracts/token.ts';
import { epochName, type Timeline, timelineSql } from '#platform/epoch.ts';
import type { TouchClient } from './touch.ts';

/** What takes a statement: a client or pool of `pg`, or a Drizzle database or transaction. */
export type TokenClient = TouchClient | { execute(statement: string): PromiseLike<unknown> };

type Row = Timeline & { readonly xid: string };

const statement = `select pg_current_xact_id()::text as xid, t.* from (${timelineSql}) t`;

/**
 * The token of the transaction that the client is in: readers that are given it show what the transaction wrote, and all that was
 * committed before it, once it is committed. Outside of a transaction it names all that was committed before the call. Needs
 * nothing of the schema `everwarm`. Throws what the statement throws, and then the caller's transaction has failed.
 */
export async function tokenOf(client: TokenClient): Promise<Token> {
  const row = rowsOf('execute' in client ? await client.execute(statement) : await client.query(statement, []))[0];
  if (!row)
    throw new EverwarmError(
      'E_POSTGRES_UNFIT',
      'The database does not tell its system identifier. Allow this role to call pg_control_system().',
    );
  return encodeToken({ epoch: epochName(row), xid: BigInt(row.xid) });
}

/** Drivers give rows as such, or in a result. */
function rowsOf(result: unknown): readonly Row[] {
  return Array.isArray(result) ? result : (result as { readonly rows: readonly Row[] }).rows;
}
