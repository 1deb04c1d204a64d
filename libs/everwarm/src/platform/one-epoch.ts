import type { Pool, PoolClient } from 'pg';
import type { Database, Sessions, Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { type Epoch, readMark } from './epoch.ts';
import { transactionsOn } from './postgres.ts';

/** What a pipeline uses of Postgres: of one epoch, whatever the pool connects to. */
export type OneEpoch = { readonly sessions: Sessions; readonly transactions: Transactions };

/** Which timeline each connection leads to. No connection outlives its server, and a server that runs does not change its timeline. */
const marks = new WeakMap<PoolClient, string>();

/**
 * A view of a pool through which nothing reaches another epoch than this one: after a failover the new primary must not be told
 * that something is done which was done in a history that it does not have. Every connection is asked once, when it is first
 * lent; one that leads elsewhere is ended, `onOther` told, and the statement rejected with E_LIFECYCLE before it is sent.
 */
export function withinEpoch(pool: Pool, epoch: Epoch, onOther: () => void): OneEpoch {
  const connect = async () => {
    const client = await pool.connect();
    try {
      const mark = marks.get(client) ?? (await readMark(client as Database));
      marks.set(client, mark);
      if (mark !== epoch.mark)
        throw new EverwarmError('E_LIFECYCLE', `The database is in another epoch than ${epoch.space}: work begins anew in that one.`);
      return client;
    } catch (error) {
      client.release(true);
      if (error instanceof EverwarmError) onOther();
      throw error;
    }
  };
  const query = async (...statement: Parameters<Database['query']>) => {
    const client = await connect();
    let failed = true;
    // A connection that ends between two statements says so by an event, which would end the process if nobody listened.
    const listen = () => undefined;
    client.on('error', listen);
    try {
      const result = await (client as Database).query(...statement);
      failed = false;
      return result;
    } finally {
      client.off('error', listen);
      client.release(failed);
    }
  };
  const transactions = transactionsOn({ connect, query: query as Database['query'], options: pool.options });
  return { sessions: { connect, query: (text, values) => transactions.query(text, values) }, transactions };
}
