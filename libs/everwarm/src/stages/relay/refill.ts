import type { Queue } from 'bullmq';
import type { Database } from '#contracts/database.ts';
import { maxJobKeys, type RecomputeJob } from '#contracts/job.ts';
import { enqueue, type QueuedKey } from './enqueue.ts';

/** How many jobs may be waiting or running at once; keys beyond them wait in the ledger, where they coalesce. */
export const maxJobs = 64;

/** A key that was enqueued and not acknowledged for so long is enqueued again: its job was lost, or its worker died. */
const leaseSeconds = 5;

/** How many more jobs the queue may hold. */
export async function room(queue: Queue<RecomputeJob>): Promise<number> {
  const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
  return maxJobs - Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/**
 * Enqueues what the ledger owes and no job carries: keys never enqueued, and keys whose lease ran out, oldest first, as far as
 * the queue has room. A key that failed waits longer each time, up to a
 * minute; those of a stalled generation wait until it runs again. Returns how many keys were enqueued.
 */
export async function refill(db: Database, queue: Queue<RecomputeJob>): Promise<number> {
  const free = await room(queue);
  if (free <= 0) return 0;
  const { rows } = await db.query<QueuedKey>(
    `with due as (
  select generation, key from everwarm.ledger
  where (queued_at is null or queued_at < now() - least(60, ${leaseSeconds} * 2 ^ attempts) * interval '1 second')
    and generation not in (select id from everwarm.generations where stalled is not null)
  order by since limit $1 for update skip locked
)
update everwarm.ledger l set queued_at = now() from due where l.generation = due.generation and l.key = due.key
returning l.generation, l.key, l.bulk`,
    [free * maxJobKeys],
  );
  await enqueue(queue, rows);
  return rows.length;
}
