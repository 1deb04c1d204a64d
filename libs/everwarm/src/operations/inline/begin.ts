import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { Pool } from 'pg';
import type { InlineClient } from './callers-client.ts';

/** Where a transaction may be begun: a Drizzle database, or a pool of `pg`. */
export type TransactionSource = Pick<PgDatabase<PgQueryResultHKT>, 'transaction'> | Pick<Pool, 'connect'>;

/** Does something in a READ COMMITTED transaction, whatever the default is. Commits when it resolves and rolls back when it rejects. */
export function inReadCommitted<T>(source: TransactionSource, action: (tx: InlineClient) => Promise<T>): Promise<T> {
  return 'transaction' in source ? source.transaction(action, { isolationLevel: 'read committed' }) : onPool(source, action);
}

async function onPool<T>(pool: Pick<Pool, 'connect'>, action: (tx: InlineClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const ended = (error: Error) => {
    broken = error;
  };
  // A connection that ends between two statements says so by an event, which would end the process if nobody listened.
  client.on('error', ended);
  try {
    await client.query('begin isolation level read committed');
    const result = await action(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(ended);
    throw error;
  } finally {
    client.off('error', ended);
    client.release(broken);
  }
}
