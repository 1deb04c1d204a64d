import type { Queue } from 'bullmq';
import type { Transactions } from '#contracts/database.ts';
import { maxJobKeys, type RecomputeJob } from '#contracts/job.ts';
import { enqueue, type QueuedKey } from './enqueue.ts';
import type { Lanes } from './lanes.ts';

/**
 * How many jobs may be waiting or running at once: few enough that the last of them begins before its keys' lease runs out. Keys
 * beyond them wait in the ledger, where they coalesce.
 */
export const maxJobs = 32;

/** A key that was enqueued and not acknowledged for so long is enqueued again: its job was lost, or its worker died. */
const leaseSeconds = 5;

/**
 * The ledger is empty most of the time, and so say its statistics when a flood comes: ten thousand keys joined to themselves by a
 * nested loop of two scans took over a minute, hashed less than half a second.
 */
const joinByHash = 'set local enable_nestloop = off';

/** When the ledger is looked at: each time a lane has half of its room, and once in some turns for what was lost meanwhile. */
export const worthwhileAt = (turn: number): number => (turn % 4 === 0 ? 1 : maxJobs / 2);

/** How many more jobs the queue may hold. */
export async function room(queue: Queue<RecomputeJob>): Promise<number> {
  const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
  return maxJobs - Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/**
 * Enqueues what the ledger owes and no job carries: keys never enqueued, and keys whose lease ran out, oldest first, as far as
 * their lane has room. Keys that fail are tried again elsewhere; those of
 * a stalled generation wait until it runs again. A lane that nobody takes from fills up, and
 * keeps no other waiting. To look costs as much as the ledger holds, so `worthwhile` says how much room a lane must have for it.
 * Returns how many keys were enqueued.
 */
export async function refill(db: Transactions, lanes: Lanes, worthwhile = 1): Promise<number> {
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
  const free = await room(queue);
  if (free < worthwhile) return 0;
  const { rows } = await db.transaction(
    (tx) =>
      tx.query<QueuedKey>(
        `with due as (
  select generation, key from everwarm.ledger
  where attempts = 0 and (queued_at is null or queued_at < now() - ${leaseSeconds} * interval '1 second') and (generation = any($2)) = $3
    and generation not in (select id from everwarm.generations where stalled is not null)
  order by since limit $1 for update skip locked
)
update everwarm.ledger l set queued_at = now() from due where l.generation = due.generation and l.key = due.key
returning l.generation, l.key, l.bulk`,
        [free * maxJobKeys, ids, within],
      ),
    { durability: 'deferred', opening: [joinByHash] },
  );
  await enqueue(lanes, rows);
  return rows.length;
}
