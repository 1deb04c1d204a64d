import { is } from 'drizzle-orm';
import type { NodePgQueryResultHKT } from 'drizzle-orm/node-postgres';
import { type PgDatabase, PgTransaction } from 'drizzle-orm/pg-core';
import { explainDatabaseError } from './database-errors.ts';
import type { schema } from './schema/schema.ts';

/** A Drizzle database over node-postgres that knows the blog's schema, or a transaction of one: commands take either. */
export type BlogDatabase = PgDatabase<NodePgQueryResultHKT, typeof schema>;

/** Databases whose one connection is inside a transaction that somebody began by hand. */
const begun = new WeakSet<BlogDatabase>();

/**
 * Tells commands that `db` is inside a transaction, so that they join it instead of beginning one.
 * Caller: `db` has one connection, not a pool; and says `false` before that transaction ends.
 */
export function insideTransaction(db: BlogDatabase, inside: boolean): void {
  if (inside) begun.add(db);
  else begun.delete(db);
}

/**
 * Runs `body` as one transaction and returns what it returned.
 * Given a transaction, `body` joins it (no savepoint), so that the caller's other writes commit or fail together with it;
 * the caller must let an error out of its transaction. Violated constraints come out as a BlogError.
 */
export async function inTransaction<T>(db: BlogDatabase, body: (tx: BlogDatabase) => Promise<T>): Promise<T> {
  try {
    return is(db, PgTransaction) || begun.has(db) ? await body(db) : await db.transaction(body);
  } catch (error) {
    throw explainDatabaseError(error);
  }
}
