import { userInfo } from 'node:os';
import pg from 'pg';
import type { Database, Durability, TransactionOptions, Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';

/** A URL that Everwarm opens and closes a pool for, or a pool that the caller owns. */
export type PostgresInput = string | pg.Pool;

/** A pool and whether closing it is ours. */
export type Postgres = { readonly pool: pg.Pool; readonly transactions: Transactions; close(): Promise<void> };

/** How a pool of our own is opened; a caller's pool brings its own settings. */
export type PostgresOptions = {
  readonly max?: number;
  readonly name?: string;
  /** How long a connection may take to be had, in milliseconds. Default: for ever. */
  readonly connectMs?: number;
  /** How long a statement may take to be answered, in milliseconds; its connection is given up after that. Default: for ever. */
  readonly answerMs?: number;
};

/**
 * What every transaction of the engine begins with, in one round trip. It fixes what the text of a value depends on, so that
 * the same row gives the same bytes whatever the session, role or database defaults are, and asks for a durable commit: an
 * acknowledged version must never be issued twice.
 */
const beginning = (durability: Durability): readonly string[] => [
  'begin isolation level read committed',
  "set local timezone = 'UTC'",
  "set local datestyle = 'ISO, YMD'",
  "set local intervalstyle = 'postgres'",
  "set local bytea_output = 'hex'",
  'set local extra_float_digits = 1',
  `set local synchronous_commit = ${durability === 'durable' ? 'on' : 'off'}`,
  'set local jit = off',
  'set local statement_timeout = 60000',
  'set local idle_in_transaction_session_timeout = 10000',
];

const beginnings: Readonly<Record<Durability, readonly string[]>> = { durable: beginning('durable'), deferred: beginning('deferred') };

/** Below Postgres's default `deadlock_timeout` of one second, after which either side may be the one to fail. */
const givingWay = 'set local lock_timeout = 500';

/** Opens what the engine uses of Postgres. Connects lazily; nothing is checked here. */
export function openPostgres(input: PostgresInput, options: PostgresOptions = {}): Postgres {
  const owned = typeof input === 'string';
  const pool = owned
    ? new pg.Pool({
        connectionString: input,
        max: options.max ?? 10,
        application_name: options.name ?? 'everwarm',
        keepAlive: true,
        ...(options.connectMs === undefined ? {} : { connectionTimeoutMillis: options.connectMs }),
        ...(options.answerMs === undefined ? {} : { query_timeout: options.answerMs }),
      })
    : input;
  // Without a listener an idle connection's end would crash the process; the next query reports what matters.
  if (owned) pool.on('error', () => undefined);
  // Nor could anybody listen in time to a connection that ends in the very message that opens it.
  if (owned) pool.on('connect', (client) => void client.on('error', () => undefined));
  const transactions = transactionsOn({
    connect: () => pool.connect(),
    query: pool.query.bind(pool) as Database['query'],
    options: pool.options,
  });
  return { pool, transactions, close: async () => (owned ? pool.end() : undefined) };
}

/** Where connections come from: a pool, or a view of one. */
type Lender = {
  readonly query: Database['query'];
  readonly connect: () => Promise<pg.PoolClient>;
  readonly options: { readonly connectionString?: string | undefined };
};

/** Statements and transactions on whatever connections are lent. */
export function transactionsOn(lender: Lender): Transactions {
  return { query: lender.query, transaction: (action, options = {}) => inTransaction(lender, action, options) };
}

/** What the driver says of a statement that took longer than `answerMs`. */
const unanswered = 'Query read timeout';

type Action<T> = Parameters<Transactions['transaction']>[0] extends (...given: infer Given) => unknown
  ? (...given: Given) => Promise<T>
  : never;

async function inTransaction<T>(
  lender: Lender,
  action: Action<T>,
  { durability = 'durable', givesWay = false, opening = [] }: TransactionOptions,
): Promise<T> {
  const client = await lender.connect().catch((cause: unknown) => Promise.reject(postgresError(cause, lender.options.connectionString)));
  let broken: Error | undefined;
  // A connection that ends between two statements says so by an event, which would end the process if nobody listened.
  const ended = (error: Error) => {
    broken = error;
  };
  client.on('error', ended);
  try {
    const first = givesWay ? [...beginnings[durability], givingWay] : beginnings[durability];
    // Several statements in one message answer with several results, which the driver's types do not know.
    const results = (await client.query([...first, ...opening].join('; '))) as unknown as pg.QueryResult[];
    const result = await action(client as Database, results.slice(first.length));
    await client.query('commit');
    return result;
  } catch (error) {
    // A statement that was not answered in time still runs, or nobody is there to answer: the end of the connection rolls it back.
    if (error instanceof Error && error.message === unanswered) broken = error;
    else
      await client.query('rollback').catch((cause: Error) => {
        broken = cause;
      });
    throw error;
  } finally {
    client.off('error', ended);
    client.release(broken);
  }
}

/** Names the server of a connection string without its password. */
function serverName(url: string | undefined): string {
  try {
    const { host, pathname, username } = new URL(url ?? '');
    return `${username ? `${decodeURIComponent(username)}@` : ''}${host}${pathname}`;
  } catch {
    return 'the given pool';
  }
}

const refusals: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there. Start Postgres or correct the URL.',
  ENOTFOUND: 'There is no such host. Correct the URL.',
  EAI_AGAIN: 'There is no such host. Correct the URL.',
  ETIMEDOUT: 'The host does not answer.',
  '28P01': 'The password is wrong.',
  '28000': 'The server refuses this user or address.',
  '3D000': 'There is no such database. Create it or correct the URL.',
};

/** An error of the driver as one of ours: where, what, and what to do. Errors of ours pass through. */
export function postgresError(cause: unknown, url?: string): EverwarmError {
  if (cause instanceof EverwarmError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const message = cause instanceof Error ? cause.message || code : String(cause);
  const where = serverName(url);
  if (code === '42501')
    return new EverwarmError(
      'E_POSTGRES_UNFIT',
      `Postgres at ${where}: ${message}. Grant the right, or give an owner connection (ownerUrl).`,
      { cause },
    );
  const isConnection = code in refusals || code.startsWith('08') || /SASL|connect|terminat/i.test(message);
  if (!isConnection) return new EverwarmError('E_POSTGRES', `Postgres at ${where}: ${message}`, { cause });
  return new EverwarmError('E_POSTGRES', `Postgres at ${where} cannot be used: ${message}. ${refusals[code] ?? 'Check the URL.'}`, {
    cause,
    context: { user: userInfo().username },
  });
}
