import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { maxJobKeys } from '#contracts/job.ts';

/** How large the outbox may be, in bytes, before it is told of: ten minutes of what the fastest writers of a large machine write. */
const largeOutbox = 1024 ** 3;

/** The share of the lock table that one process may need at the most; the rest is for other processes and the application. */
const lockShare = 0.5;

/** What one batch locks besides the shards of its keys: tables and indexes. */
const otherLocks = 32;

/** Why the outbox grows, and what to do, or null while it does not. */
export async function outboxProblem(db: Database): Promise<string | null> {
  const { rows } = await db.query<{ bytes: number; pid: number | null; minutes: number | null; prepared: string | null }>(
    `select (pg_total_relation_size('everwarm.outbox_0') + pg_total_relation_size('everwarm.outbox_1'))::float8 as bytes,
  a.pid, a.minutes, (select gid from pg_prepared_xacts where database = current_database() order by prepared limit 1) as prepared
from (select 1) one left join lateral (
  select pid, floor(extract(epoch from clock_timestamp() - xact_start) / 60)::float8 as minutes from pg_stat_activity
  where datname = current_database() and backend_xid is not null order by xact_start limit 1) a on true`,
  );
  const { bytes = 0, pid = null, minutes = null, prepared = null } = rows[0] ?? {};
  if (bytes < largeOutbox) return null;
  const prepares = prepared === null ? '' : ` The transaction ${prepared} is prepared: commit it or roll it back.`;
  const open = pid === null ? '' : ` The oldest writer, process ${pid}, has been open for ${minutes} minutes.`;
  return `It has ${Math.round(bytes / 1024 ** 2)} MB: it is emptied when no open transaction has written to it, and a relay runs.${prepares}${open} Changes are delivered meanwhile.`;
}

/**
 * Throws E_POSTGRES_UNFIT when the batches that run at once in one process might fill the lock table of the server: whoever needs
 * a lock then fails, the application's own transactions too.
 */
export async function checkLockTable(db: Database, concurrency: number): Promise<void> {
  const { rows } = await db.query<{ each: number; sessions: number }>(
    `select current_setting('max_locks_per_transaction')::integer as each,
  current_setting('max_connections')::integer + current_setting('max_prepared_transactions')::integer as sessions`,
  );
  const { each = 64, sessions = 100 } = rows[0] ?? {};
  const needed = concurrency * (maxJobKeys + otherLocks);
  if (needed <= each * sessions * lockShare) return;
  const wanted = Math.ceil(needed / lockShare / sessions);
  throw new EverwarmError(
    'E_POSTGRES_UNFIT',
    `${concurrency} batches at once may take ${needed} locks, and the server has room for ${each * sessions}, which all share. Set max_locks_per_transaction to ${wanted} or more, or "concurrency" to ${Math.max(1, Math.floor((each * sessions * lockShare) / (maxJobKeys + otherLocks)))} or less.`,
    { context: { needed, concurrency } },
  );
}
