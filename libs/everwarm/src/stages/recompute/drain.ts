import { cutKeys } from '#contracts/cut-keys.ts';
import type { Transactions } from '#contracts/database.ts';
import { giveBack } from '#contracts/give-back.ts';
import { maxJobKeys } from '#contracts/job.ts';
import { reached } from '#contracts/steps.ts';
import { canCompute, type Transforms } from '#contracts/transform.ts';
import type { RedisView } from './finish-direct.ts';
import { type KeyParts, type Outcome, recomputeKeys } from './recompute-keys.ts';
import type { Turns } from './turns.ts';

/** What draining works with. */
export type DrainParts<W extends Outcome> = Omit<KeyParts<W>, 'later'> & {
  readonly transforms: Transforms;
  readonly concurrency: number;
  readonly takeTurn: Turns;
  readonly redis: () => RedisView;
};

/**
 * How long after it was first owed a key is overdue whatever the reason: twice the lease after which the refiller enqueues it again.
 * With Redis behind the lease itself is enough: no job may ever come.
 */
const overdueSeconds = 10;
const leaseSeconds = 5;

/**
 * For how long the job of an overdue key is waited for: less than the lease, since the refiller takes one that ran out anew, again and
 * again, for as long as the lane of a wedged queue has room.
 */
const overdueLeaseSeconds = 4;

/**
 * Recomputes what no job brings, straight from the ledger, oldest first, in turns shared with the jobs: everything while Redis
 * is behind, else what is overdue, be it that the queue is wedged, its keys were deleted or its worker is deaf. Where Redis takes
 * it, it ends as a job does; where Redis is away, documents are written to Postgres and, once no reader trusts Redis any more,
 * acknowledged as owed to Redis. Keys that this process's code cannot compute, and those that failed, are left to others. Returns whether there may be more.
 */
export async function drainLedger<W extends Outcome>(parts: DrainParts<W>): Promise<boolean> {
  const { db, generations, transforms, takeTurn } = parts;
  const view = parts.redis();
  // Nothing could be finished: whoever reaches Redis does it.
  if (!view.behind && !view.usable) return false;
  const mine = (await generations.live()).filter((generation) => generation.stalled === null && canCompute(transforms, generation));
  const limit = parts.concurrency * maxJobKeys;
  const claimed = await claimDue(
    db,
    mine.map(({ id }) => id),
    view.behind,
    limit,
  );
  if (claimed.length === 0) return false;
  reached('drain.claimed');
  const batches = mine.flatMap((generation) =>
    cutKeys(claimed.filter((row) => row.generation === generation.id).map(({ key }) => key))
      .filter((keys) => keys.length > 0)
      .map((keys) => ({ generation, keys })),
  );
  const direct: KeyParts<W> = {
    ...parts,
    later: ({ id }, keys) =>
      giveBack(
        db,
        keys.map((key) => ({ generation: id, key })),
      ),
  };
  const ends = await Promise.allSettled(batches.map(({ generation, keys }) => takeTurn(() => recomputeKeys(direct, generation, keys))));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return claimed.length === limit;
}

type DueKey = { readonly generation: number; readonly key: string };

/**
 * Takes keys that are due, for as long as a lease, single changes before those in bulk, the oldest first. A lease from the future
 * is none: the clock was set back. Looked at by age, from the mark before which nothing is owed, whatever the statistics say.
 */
async function claimDue(db: Transactions, generations: readonly number[], behind: boolean, limit: number): Promise<readonly DueKey[]> {
  const due = behind
    ? `(l.queued_at is null or l.queued_at < now() - ${leaseSeconds} * interval '1 second' or l.queued_at > now() + interval '1 minute')`
    : `l.since < now() - ${overdueSeconds} * interval '1 second'
      and (coalesce(l.queued_at, l.since) < now() - ${overdueLeaseSeconds} * interval '1 second' or l.queued_at > now() + interval '1 minute')`;
  const { rows } = await db.transaction(
    (tx) =>
      tx.query<DueKey>(
        `with due as (
  select d.at from unnest($1::integer[]) as g (id) cross join (values (false), (true)) as b (bulk)
  left join everwarm.ledger_marks m on m.generation = g.id and m.bulk = b.bulk
  cross join lateral (
    select l.ctid as at, l.since from everwarm.ledger l where l.generation + 0 = g.id and l.bulk = b.bulk and l.since >= coalesce(m.oldest, '-infinity')
      and l.attempts = 0 and ${due}
    order by l.since limit $2 for update skip locked) d
  order by b.bulk, d.since limit $2
)
update everwarm.ledger l set queued_at = now() where l.ctid = any(array(select at from due)) returning l.generation, l.key`,
        [generations, limit],
      ),
    { durability: 'deferred', opening: ['set local enable_seqscan = off', 'set local enable_bitmapscan = off'] },
  );
  return rows;
}
