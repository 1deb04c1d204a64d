import type { Generation } from '#contracts/compiled.ts';
import { cutKeys } from '#contracts/cut-keys.ts';
import type { Transactions } from '#contracts/database.ts';
import { lockShards } from '#stages/write-through/lock-shards.ts';

/**
 * Sets the moment from which on documents are too old, by the clock of Postgres: a timer like that of a document that compares a column
 * with `now()`, so it survives restarts. What is lazy is evicted then, everything else derived anew. A moment that is nearer already stays, whatever changes meanwhile.
 */
export async function expireAfter(
  db: Transactions,
  generations: readonly Generation[],
  keys: readonly string[],
  ms: number,
): Promise<void> {
  for (const { id } of generations)
    for (const some of cutKeys([...new Set(keys)])) {
      if (some.length === 0) continue;
      await db.transaction(async (tx) => {
        // Batches write timers under these locks, in an order of their own.
        await lockShards(tx, id, some);
        await tx.query(
          `insert into everwarm.timers as t (generation, key, at, asked)
select $1, k.key, clock_timestamp() + $3 * interval '1 millisecond', true from unnest($2::text[]) as k (key)
on conflict (generation, key, asked) do update set at = least(t.at, excluded.at)`,
          [id, some, ms],
        );
      });
    }
}
