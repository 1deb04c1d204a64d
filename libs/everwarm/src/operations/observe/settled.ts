import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { millisecondsSql } from '#contracts/milliseconds.ts';
import type { Transforms } from '#contracts/transform.ts';
import { undeliveredOf } from '#platform/undelivered.ts';
import { waitsForOperator } from '#stages/relay/promote.ts';

/** How soon the stores are looked at again while waiting: a share of the wait so far, so that looking costs next to nothing. */
const look = { share: 0.03, firstMs: 1, lastMs: 250 } as const;

/** What settling looks at besides the database. */
export type SettledParts = {
  /** Whether Redis holds what Postgres holds. */
  readonly isPresent: () => Promise<boolean>;
  readonly transforms: Transforms;
};

/**
 * Resolves when everything committed before the call is in both stores: the relay delivered it, every key it led to and every
 * key whose moment had come is acknowledged, no walk over all keys is under way and Redis holds what Postgres holds. Changes
 * that come meanwhile are not waited for, so it ends under load too; nor are quarantined keys, generations whose transform is in other code than
 * this, since no reader of this code is shown them, or that do not fit the database any more; nor what the fuse holds. Throws E_TIMEOUT, saying what is still owed.
 */
export async function settled(db: Database, { isPresent, transforms }: SettledParts, timeoutMs: number): Promise<void> {
  const start = performance.now();
  const deadline = start + timeoutMs;
  const until = async (what: string, done: () => Promise<boolean>) => {
    while (!(await done())) {
      const now = performance.now();
      if (now > deadline) throw await timeout(db, what, timeoutMs);
      const pause = Math.min(Math.max((now - start) * look.share, look.firstMs), look.lastMs);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
  const { rows } = await db.query<{ mark: string; moment: number }>(
    `select pg_current_snapshot()::text as mark, ${millisecondsSql('now()')} as moment`,
  );
  const { mark = '', moment = 0 } = rows[0] ?? {};
  const elsewhere = await generationsElsewhere(db, transforms);
  await until('changes in the outbox', () => isDelivered(db, mark));
  const walked = () =>
    noRows(
      db,
      `select from everwarm.generations where state <> 'dropped' and (reconcile_phase is not null or installed_xid is null) and id <> all($1) limit 1`,
      [elsewhere],
    );
  await until('a walk over all keys', walked);
  await until('changes of many keys', await fanOutsAreOwed(db, elsewhere));
  // One whose keys cannot be found becomes such a walk.
  await until('a walk over all keys', walked);
  // A recompute that began before the call may still set a timer that is due: looked at again when it is over.
  do {
    await until('documents whose moment has come', async () => !(await isDue(db, moment)));
    await until('keys in the ledger', await ledgerIsWritten(db, elsewhere));
  } while (await isDue(db, moment));
  await until('a rehydration of Redis', isPresent);
  await until('a generation that is building', () =>
    noRows(
      db,
      `select from everwarm.generations g where state = 'building' and id <> all($1)
  and not ${waitsForOperator} limit 1`,
      [elsewhere],
    ),
  );
}

async function generationsElsewhere(db: Database, transforms: Transforms): Promise<number[]> {
  const { rows } = await db.query<{ id: number; name: string; hash: string }>(
    `select id, name, hash from everwarm.generations where state <> 'dropped' and model -> 'transform' is not null`,
  );
  // A definition that no longer fits the database, and whose successor serves or is on its way, is waited for by nobody.
  const outdated = await db.query<{ id: number }>(
    `select g.id from everwarm.generations g where g.stalled is not null and (g.state = 'previous'
  or g.state = 'serving' and exists (select from everwarm.generations n where n.name = g.name and n.state = 'building' and n.stalled is null))`,
  );
  return [...rows.filter((generation) => transforms.of(generation) === null), ...outdated.rows].map(({ id }) => id);
}

/** Whether the moment of some document or entry came before this one, and nobody has owed it yet. */
async function isDue(db: Database, moment: number): Promise<boolean> {
  return !(await noRows(
    db,
    `select from everwarm.timers t join everwarm.generations g on g.id = t.generation where g.state <> 'dropped' and t.at < to_timestamp($1::float8 / 1000) limit 1`,
    [moment],
  ));
}

/** A question whether every change of many keys that is delivered at this moment has become keys in the ledger; what is held is left to operators. */
async function fanOutsAreOwed(db: Database, elsewhere: readonly number[]): Promise<() => Promise<boolean>> {
  const { rows } = await db.query<{ seq: string }>('select last_value::text as seq from everwarm.ledger_seq');
  return () =>
    noRows(
      db,
      `select from everwarm.fan_outs f join everwarm.generations g on g.id = f.generation
where f.state = 'open' and f.seq <= $1 and g.state <> 'dropped' and g.id <> all($2) limit 1`,
      [rows[0]?.seq ?? '0', elsewhere],
    );
}

/** A question whether all that the ledger owes at this moment is written. */
async function ledgerIsWritten(db: Database, elsewhere: readonly number[]): Promise<() => Promise<boolean>> {
  const { rows } = await db.query<{ seq: string }>('select last_value::text as seq from everwarm.ledger_seq');
  return () =>
    noRows(
      db,
      // A quarantined key that something changed is waited for while it is tried, and not until it may be tried next.
      `select from everwarm.ledger l where first_seq <= $1 and generation <> all($2) and not (attempts > 0
  and exists (select from everwarm.quarantine q where q.generation = l.generation and q.key = l.key and q.retry_at > now())) limit 1`,
      [rows[0]?.seq ?? '0', elsewhere],
    );
}

/** Whether no change that this snapshot sees is missing from what the relay of this cluster delivered. */
async function isDelivered(db: Database, mark: string): Promise<boolean> {
  return noRows(
    db,
    `select from everwarm.relay r cross join lateral ${undeliveredOf} o where pg_visible_in_snapshot(o.xid, $1::pg_snapshot)
union all select from everwarm.relay r, pg_control_system() c where r.system <> c.system_identifier::text limit 1`,
    [mark],
  );
}

async function noRows(db: Database, sql: string, values: unknown[] = []): Promise<boolean> {
  return (await db.query(sql, values)).rows.length === 0;
}

async function timeout(db: Database, what: string, timeoutMs: number): Promise<EverwarmError> {
  const { rows } = await db.query<{ owed: string; failing: string | null; heartbeat: boolean }>(
    `select (select count(*) from everwarm.ledger)::text as owed, coalesce((select name || ': ' || stalled from everwarm.generations where stalled is not null and state <> 'dropped' limit 1), (select error from everwarm.ledger where error is not null order by since limit 1)) as failing,
coalesce((select heartbeat > clock_timestamp() - interval '5 seconds' from everwarm.relay), false) as heartbeat`,
  );
  const { owed = '0', failing = null, heartbeat = false } = rows[0] ?? {};
  const why = !heartbeat ? ' No relay is running: start a worker.' : failing ? ` A key fails: ${failing}` : '';
  return new EverwarmError('E_TIMEOUT', `Not settled after ${timeoutMs} ms: still ${what}, ${owed} keys owed.${why}`, {
    context: { owed, what },
  });
}
