import type { Database, Transactions } from '#contracts/database.ts';
import { holdMarks, lowerMarks } from './count-ledger.ts';
import { enqueueOrGiveBack } from './enqueue.ts';
import type { Lanes } from './lanes.ts';
import { type OwedKey, oweKeys } from './owe.ts';
import { room } from './refill.ts';

/** How many timers one turn takes. */
const turnTimers = 5000;

/** How long may pass before the timers are looked at again, in milliseconds: another process may have set a nearer one. */
const longestWaitMs = 250;

/** How soon timers are looked at again that a recompute holds, in milliseconds. */
const heldWaitMs = 5;

type Due = { generation: number; key: string; since: number; live: boolean };

/**
 * Owes the documents whose moment has come. A timer goes in the transaction in which the ledger takes over, so a crash leaves
 * one or the other; should a recompute that began before the moment set it once more, it is simply due again. The clock is the
 * database's. What is owed counts from the moment. Returns how long to wait before the next turn, in milliseconds.
 */
export async function oweDue(db: Transactions, lanes: Lanes): Promise<number> {
  const wait = await untilNext(db);
  if (wait > 0) return wait;
  const queued =
    lanes.isReachable() &&
    (await room(lanes.shared).then(
      (free) => free > 0,
      () => false,
    ));
  const owed = await db.transaction((tx) => takeDue(tx, queued), { durability: 'deferred', opening: [holdMarks] });
  // What is not enqueued now, or lost on the way, is found by the refiller.
  if (queued)
    await enqueueOrGiveBack(
      db,
      lanes,
      owed.map((key) => ({ ...key, bulk: false })),
    );
  return owed.length === 0 ? heldWaitMs : 0;
}

async function untilNext(db: Database): Promise<number> {
  const { rows } = await db.query<{ wait: number | null }>(
    'select extract(epoch from min(at) - clock_timestamp())::float8 * 1000 as wait from everwarm.timers',
  );
  return Math.min(rows[0]?.wait ?? longestWaitMs, longestWaitMs);
}

/** Locked timers belong to a recompute that is about to set them anew; they are taken at the next turn if they are still due. */
async function takeDue(tx: Database, queued: boolean): Promise<OwedKey[]> {
  const { rows } = await tx.query<Due>(
    `with due as (select generation, key, asked from everwarm.timers where at < now() order by at limit ${turnTimers} for update skip locked)
delete from everwarm.timers t using due where t.generation = due.generation and t.key = due.key and t.asked = due.asked
returning t.generation, t.key, extract(epoch from t.at)::float8 * 1000 as since,
  exists (select from everwarm.generations g where g.id = t.generation and g.state <> 'dropped') as live`,
  );
  const oldest = new Map<string, OwedKey>();
  for (const { generation, key, since } of rows.filter((row) => row.live)) {
    const name = `${generation}:${key}`;
    oldest.set(name, { generation, key, since: Math.min(since, oldest.get(name)?.since ?? since) });
  }
  const owed = [...oldest.values()];
  if (owed.length === 0) return owed;
  await oweKeys(tx, owed, queued);
  // Their moments may have come while nobody looked. Marks come after keys, as where the relay locks them.
  await tx.query(lowerMarks('$1'), [Math.min(...owed.map(({ since }) => since))]);
  return owed;
}
