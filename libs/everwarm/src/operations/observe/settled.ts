import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';

/** How often the stores are looked at while waiting, in milliseconds. */
const lookEveryMs = 10;

/**
 * Resolves when everything committed before the call is in both stores: the relay delivered it, every key it led to and every
 * key whose moment had come is acknowledged, no walk over all keys is under way and Redis holds what Postgres holds. Changes
 * that come meanwhile are not waited for, so it ends under load too. Throws E_TIMEOUT, saying what is still owed.
 */
export async function settled(db: Database, isPresent: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const until = async (what: string, done: () => Promise<boolean>) => {
    while (!(await done())) {
      if (performance.now() > deadline) throw await timeout(db, what, timeoutMs);
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  };
  const { rows } = await db.query<{ mark: string; moment: number }>(
    'select pg_current_snapshot()::text as mark, extract(epoch from now())::float8 as moment',
  );
  const { mark = '', moment = 0 } = rows[0] ?? {};
  await until('changes in the outbox', () => isDelivered(db, mark));
  await until('a walk over all keys', () =>
    noRows(
      db,
      `select from everwarm.generations where state <> 'dropped' and (reconcile_phase is not null or installed_xid is null) limit 1`,
    ),
  );
  // A recompute that began before the call may still set a timer that is due: looked at again when it is over.
  do {
    await until('documents whose moment has come', async () => !(await isDue(db, moment)));
    await until('keys in the ledger', await ledgerIsWritten(db));
  } while (await isDue(db, moment));
  await until('a rehydration of Redis', isPresent);
  await until('a generation that is building', () => noRows(db, `select from everwarm.generations where state = 'building' limit 1`));
}

/** Whether the moment of some document or entry came before this one, and nobody has owed it yet. */
async function isDue(db: Database, moment: number): Promise<boolean> {
  return !(await noRows(
    db,
    `select from everwarm.timers t join everwarm.generations g on g.id = t.generation where g.state <> 'dropped' and t.at < to_timestamp($1) limit 1`,
    [moment],
  ));
}

/** A question whether all that the ledger owes at this moment is written. */
async function ledgerIsWritten(db: Database): Promise<() => Promise<boolean>> {
  const { rows } = await db.query<{ seq: string }>('select last_value::text as seq from everwarm.ledger_seq');
  return () => noRows(db, 'select from everwarm.ledger where first_seq <= $1 limit 1', [rows[0]?.seq ?? '0']);
}

/** Whether no change that this snapshot sees is missing from what the relay delivered. */
async function isDelivered(db: Database, mark: string): Promise<boolean> {
  return noRows(
    db,
    `select from everwarm.relay r, everwarm.outbox o where o.xid >= pg_snapshot_xmin(r.snapshot::pg_snapshot)
and not pg_visible_in_snapshot(o.xid, r.snapshot::pg_snapshot) and pg_visible_in_snapshot(o.xid, $1::pg_snapshot) limit 1`,
    [mark],
  );
}

async function noRows(db: Database, sql: string, values: unknown[] = []): Promise<boolean> {
  return (await db.query(sql, values)).rows.length === 0;
}

async function timeout(db: Database, what: string, timeoutMs: number): Promise<EverwarmError> {
  const { rows } = await db.query<{ owed: string; failing: string | null; heartbeat: boolean }>(
    `select (select count(*) from everwarm.ledger)::text as owed, (select error from everwarm.ledger where error is not null order by since limit 1) as failing,
coalesce((select heartbeat > clock_timestamp() - interval '5 seconds' from everwarm.relay), false) as heartbeat`,
  );
  const { owed = '0', failing = null, heartbeat = false } = rows[0] ?? {};
  const why = !heartbeat ? ' No relay is running: start a worker.' : failing ? ` A key fails: ${failing}` : '';
  return new EverwarmError('E_TIMEOUT', `Not settled after ${timeoutMs} ms: still ${what}, ${owed} keys owed.${why}`, {
    context: { owed, what },
  });
}
