import type { Queue } from 'bullmq';
import { byAge } from '#contracts/by-age.ts';
import type { Transactions } from '#contracts/database.ts';
import { maxJobKeys, type RecomputeJob } from '#contracts/job.ts';
import { enqueueOrGiveBack, type QueuedKey } from './enqueue.ts';
import type { Lanes } from './lanes.ts';

/**
 * How many jobs may be waiting or running at once: few enough that the last of them begins before its keys' lease runs out. Keys
 * beyond them wait in the ledger, where they coalesce.
 */
export const maxJobs = 32;

/** A key that was enqueued and not acknowledged for so long is enqueued again: its job was lost, or its worker died. */
const leaseSeconds = 5;

/** When the ledger is looked at: each time a lane has half of its room, and once in some turns for what was lost meanwhile. */
export const worthwhileAt = (turn: number): number => (turn % 4 === 0 ? 1 : maxJobs / 2);

/** How many more jobs a queue may hold: of single changes, before which nothing waits, and of keys in bulk, which wait behind those. */
type Room = { readonly single: number; readonly bulk: number };

async function roomOf(queue: Queue<RecomputeJob>): Promise<Room> {
  const { prioritized = 0, ...others } = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
  const jobs = Object.values(others).reduce((sum, count) => sum + count, 0);
  return { single: maxJobs - jobs, bulk: maxJobs - jobs - prioritized };
}

/** How many more jobs of single changes the queue may hold. */
export async function room(queue: Queue<RecomputeJob>): Promise<number> {
  return (await roomOf(queue)).single;
}

/**
 * Enqueues what the ledger owes and no job carries: keys never enqueued, and keys whose lease ran out, oldest first, as far as
 * their lane has room, keys in bulk after all others. Keys that fail are tried again elsewhere; those of a stalled generation wait
 * until it runs again. A lane that nobody takes from fills up, and keeps no other waiting. A look costs what it finds, and the
 * keys that are at hand; `worthwhile` says how much room a lane must have for it. Returns how many keys were enqueued.
 */
export async function refill(db: Transactions, lanes: Lanes, worthwhile = 1): Promise<number> {
  if (!lanes.isReachable()) return 0;
  const own = await lanes.own();
  let keys = await refillLane(db, lanes, lanes.shared, worthwhile, { ids: [...own.keys()], within: false });
  for (const [generation, queue] of own) keys += await refillLane(db, lanes, queue, worthwhile, { ids: [generation], within: true });
  return keys;
}

async function refillLane(
  db: Transactions,
  lanes: Lanes,
  queue: Queue<RecomputeJob>,
  worthwhile: number,
  { ids, within }: { readonly ids: readonly number[]; readonly within: boolean },
): Promise<number> {
  const free = await roomOf(queue);
  let keys = 0;
  for (const bulk of [false, true]) {
    // What was just enqueued takes of the room for the rest.
    const jobs = bulk ? free.bulk - Math.ceil(keys / maxJobKeys) : free.single;
    if (jobs < worthwhile) continue;
    const { rows } = await db.transaction((tx) => tx.query<QueuedKey>(dueSql, [jobs * maxJobKeys, ids, within, bulk]), {
      durability: 'deferred',
      opening: byAge,
    });
    await enqueueOrGiveBack(db, lanes, rows);
    keys += rows.length;
  }
  return keys;
}

/** The next keys to enqueue: $1 how many, $2 generations, $3 whether those or all others, $4 whether in bulk. The oldest of each generation, and of those the oldest of all; found again by where they are, which their locks keep so. */
export const dueSql = `with due as (
  select d.at from everwarm.generations g left join everwarm.ledger_marks m on m.generation = g.id and m.bulk = $4
  cross join lateral (
    select l.ctid as at, l.since from everwarm.ledger l where l.generation + 0 = g.id and l.bulk = $4 and l.since >= coalesce(m.oldest, '-infinity')
      and l.attempts = 0 and (l.queued_at is null or l.queued_at < now() - ${leaseSeconds} * interval '1 second')
    order by l.since limit $1 for update skip locked) d
  where g.state <> 'dropped' and g.stalled is null and (g.id = any($2)) = $3
  order by d.since limit $1
)
update everwarm.ledger l set queued_at = now() where l.ctid = any(array(select at from due)) returning l.generation, l.key, l.bulk`;
