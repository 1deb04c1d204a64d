import type { Database, Transactions } from '#contracts/database.ts';
import { aggregateLockSpace } from '#contracts/names.ts';
import { parseSnapshot, type Snapshot } from '#contracts/snapshot.ts';
import { reached } from '#contracts/steps.ts';

/** How many deltas one fold moves; more are left to the next, which should come at once. */
const foldedAtOnce = 20_000;

/** Every so many folds all deltas are looked at, whatever was folded before. */
const wholeLookEvery = 300;

/**
 * A folder with a memory: each call folds what committed since the last one, and every so often looks at everything, since what
 * it remembers is only there to save work. Returns whether there may be more. One folder per leader, never twice at once.
 */
export function deltaFolder(db: Transactions): () => Promise<boolean> {
  let folded: Snapshot | null = null;
  let looks = 0;
  return async () => {
    const last: Snapshot | null = looks++ % wholeLookEvery === 0 ? null : folded;
    const fold = await foldDeltas(db, last);
    folded = fold.folded ?? last;
    return fold.moved === foldedAtOnce;
  };
}

/** What one fold did. `folded` is the snapshot all of whose deltas are folded, null when some had to be left. */
export type Fold = { readonly moved: number; readonly folded: Snapshot | null };

/**
 * Moves the deltas that committed since `last` into the bases, in one transaction: whoever reads sees each in exactly one of the
 * two places. A delta without a key ("rows changed") takes the bases of its aggregate away instead. Left aside are aggregates
 * whose bases somebody is setting just now; deltas of an aggregate that is kept no more are thrown away.
 * Two at once, of two leaders, do no harm: an aggregate is folded by whoever has its lock.
 */
export function foldDeltas(db: Transactions, last: Snapshot | null): Promise<Fold> {
  const since = last === null ? ['0', []] : [String(last.xmax), last.inProgress];
  return db.transaction(
    async (tx) => {
      if (!(await isAnything(tx, since))) return { moved: 0, folded: last };
      const { rows: known } = await tx.query<{ id: string; mine: boolean }>(
        `select id::text, pg_try_advisory_xact_lock(${aggregateLockSpace}, (id & 2147483647)::integer) as mine from everwarm.aggregates`,
      );
      const busy = known.filter(({ mine }) => !mine).map(({ id }) => id);
      // A statement of its own, so that its snapshot comes after the locks.
      const { rows } = await tx.query<Folded>(foldSql, [...since, busy]);
      const { moved = 0, now = '', empty = null } = rows[0] ?? {};
      if (empty) await deleteEmpty(tx, empty);
      reached('relay.folding');
      return { moved, folded: busy.length === 0 && moved < foldedAtOnce ? parseSnapshot(now) : null };
    },
    // A crash takes back a fold as a whole. The deltas are found by their index whatever the statistics of the moment say.
    { durability: 'deferred', opening: ['set local enable_seqscan = off'] },
  );
}

type Folded = { moved: number; now: string; empty: { aggregate: string; key: string }[] | null };

const sinceLast = 'd.xid >= $1::xid8 or d.xid = any($2::xid8[])';

const foldSql = `with taken as (
  delete from everwarm.aggregate_deltas t where t.ctid = any(array(
    select d.ctid from everwarm.aggregate_deltas d where (${sinceLast}) and d.aggregate <> all($3::bigint[]) limit ${foldedAtOnce}))
  returning t.*
),
written as (
  insert into everwarm.aggregate_bases as b (aggregate, key, rows, present, total, special)
  select t.aggregate, t.key, sum(t.rows), sum(t.present), sum(t.total), sum(t.special)
  from taken t join everwarm.aggregates a on a.id = t.aggregate where t.key is not null group by t.aggregate, t.key
  on conflict (aggregate, key) do update set rows = b.rows + excluded.rows, present = b.present + excluded.present,
    total = b.total + excluded.total, special = b.special + excluded.special
  returning b.aggregate, b.key, (b.rows, b.present, b.total, b.special) = (0, 0, 0, 0) as empty
),
reset as (
  update everwarm.aggregates a set ready = false, resets = resets + 1
  where a.id in (select t.aggregate from taken t where t.key is null)
)
select (select count(*) from taken)::integer as moved, pg_current_snapshot()::text as now,
  (select json_agg(json_build_object('aggregate', w.aggregate::text, 'key', w.key)) from written w where w.empty) as empty`;

async function isAnything(tx: Database, since: readonly unknown[]): Promise<boolean> {
  return (await tx.query(`select from everwarm.aggregate_deltas d where ${sinceLast} limit 1`, [...since])).rows.length > 0;
}

/** A key of which nothing is left needs no base. */
async function deleteEmpty(tx: Database, keys: NonNullable<Folded['empty']>): Promise<void> {
  await tx.query(
    `delete from everwarm.aggregate_bases b using unnest($1::bigint[], $2::text[]) as e (aggregate, key)
where b.aggregate = e.aggregate and b.key = e.key collate "C"`,
    [keys.map(({ aggregate }) => aggregate), keys.map(({ key }) => key)],
  );
}
