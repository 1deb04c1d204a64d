import type { PoolClient, QueryResult, QueryResultRow } from 'pg';

/** What a stage needs of Postgres: a pool for single statements, or one connection inside a transaction. */
export interface Database {
  query<R extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<R>>;
  query<R extends QueryResultRow>(config: { name?: string; text: string; values?: unknown[] }): Promise<QueryResult<R>>;
}

/**
 * How durable a commit must be before it returns. `deferred` may be lost in a crash of the server together with everything
 * that was written to its log after it, never alone: enough for what a crash makes happen again.
 */
export type Durability = 'durable' | 'deferred';

/** How a transaction is opened. */
export type TransactionOptions = {
  /** Default `durable`. */
  readonly durability?: Durability;
  /**
   * Waits for locks on tables only as long as cannot become a deadlock with the user's own statements (a TRUNCATE of several
   * tables, say): it is this transaction that fails then, with 55P03, and not theirs.
   */
  readonly givesWay?: boolean;
  /** Statements sent together with the beginning, in the same round trip, without parameters; their results are handed to the action. */
  readonly opening?: readonly string[];
};

/** Where sessions come from, for work that needs one of its own; and single statements on any of them. A `pg.Pool` is one. */
export interface Sessions {
  connect(): Promise<PoolClient>;
  query(text: string, values?: unknown[]): Promise<unknown>;
}

/** Where one-connection work comes from. `transaction` commits when the action resolves and rolls back when it rejects. */
export interface Transactions extends Database {
  transaction<T>(action: (tx: Database, opened: readonly QueryResult[]) => Promise<T>, options?: TransactionOptions): Promise<T>;
}
