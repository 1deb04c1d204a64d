import type { Database, Transactions } from '#contracts/database.ts';
import { openPostgres, type PostgresInput, postgresError } from './postgres.ts';
import { readTurns } from './read-turns.ts';

/** What readers use of Postgres. */
export type ReadingDatabase = {
  /** For what Redis does not answer: in turns, and for a limited time. Throws E_OVERLOADED, E_POSTGRES. */
  readonly db: Transactions;
  /** For the reader's own few looks, which must not wait behind the reads that they would spare. */
  readonly direct: Transactions;
  /** Names the server in an error that came of it. */
  readonly failure: (cause: unknown) => Error;
  close(): Promise<void>;
};

/*
 * While Redis is away every read comes to Postgres. Eight at once keep some 6,000 reads a second of stored documents going on two
 * cores and leave the source database the rest of its connections; more would wait in Postgres instead of here. A thousand waiting
 * is a sixth of a second of those, and of reads that are slow the ones that would wait for longer than two seconds are refused.
 */
const atOnce = 8;
const waiting = 1000;
const waitMs = 2000;
const connectMs = 3000;
const answerMs = 5000;

/** Opens it: a pool of its own, so that neither the pipeline nor its readers can take each other's connections, or the caller's. */
export function openReadingDatabase(input: PostgresInput, name: string): ReadingDatabase {
  const postgres = openPostgres(input, { max: atOnce + 2, name, connectMs, answerMs });
  const { pool, transactions } = postgres;
  // Of a caller's pool two connections are left: one for the looks, one for the caller.
  const turns = readTurns({ atOnce: Math.max(1, Math.min(atOnce, pool.options.max - 2)), waiting, waitMs, turnMs: connectMs + answerMs });
  const failure = (cause: unknown) => postgresError(cause, pool.options.connectionString);
  const named = <T>(work: () => Promise<T>): Promise<T> => turns(() => work().catch((cause: unknown) => Promise.reject(failure(cause))));
  return {
    db: {
      query: ((...given: Parameters<Database['query']>) => named(() => transactions.query(...given))) as Database['query'],
      transaction: (action, options) => named(() => transactions.transaction(action, options)),
    },
    direct: transactions,
    failure,
    close: () => postgres.close(),
  };
}
