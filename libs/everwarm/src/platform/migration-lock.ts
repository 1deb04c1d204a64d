import pg from 'pg';
import { EverwarmError } from '#contracts/errors.ts';
import { migrationRunLock } from '#contracts/names.ts';

/** How long a migration waits for another one to end, in milliseconds: longer than one that has triggers to install takes. */
const patienceMs = 60_000;

/**
 * Runs a migration while no other one of this database runs, whatever process it is in: two at once would replace each other's
 * trigger functions. The lock is held on a connection of its own, outside of any transaction, and no writer ever waits for it; it goes
 * with the process. Throws E_TIMEOUT, and who holds it, when the other one has not ended in time.
 */
export async function alone<T>(pool: pg.Pool, action: () => Promise<T>, waitMs = patienceMs): Promise<T> {
  const client = new pg.Client({ ...pool.options, application_name: 'everwarm-migrate' });
  // Should the connection end meanwhile, the steps of the migration still have the locks of their own transactions.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`set lock_timeout = ${waitMs}; set statement_timeout = 0; set idle_session_timeout = 0`);
    await client.query('select pg_advisory_lock($1, $2)', [...migrationRunLock]).catch(async (error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === '55P03')) throw error;
      throw new EverwarmError(
        'E_TIMEOUT',
        `Another migration of this database was still running after ${waitMs / 1000} s${await holder(client)}. Wait for it or end it, then run migrate again.`,
        { cause: error },
      );
    });
    return await action();
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function holder(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ pid: number; since: string }>(
    `select a.pid, to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as since from pg_locks l join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database()) and (l.classid, l.objid) = ($1, $2) and l.granted`,
    [...migrationRunLock],
  );
  return rows[0] ? ` (process ${rows[0].pid} of the server, connected since ${rows[0].since} UTC)` : '';
}
