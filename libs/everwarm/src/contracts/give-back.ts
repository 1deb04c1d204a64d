import type { Database } from '#contracts/database.ts';

/**
 * Says of keys in the ledger that nobody carries them after all: whoever looks next takes them, and need not wait for a lease to run out.
 * What others have locked is being acknowledged or owed anew, and is left to them: to wait for rows that they lock in an order of their own
 * would be to deadlock with them. So is what failed, which has a time of its own.
 */
export async function giveBack(db: Database, keys: readonly { readonly generation: number; readonly key: string }[]): Promise<void> {
  if (keys.length === 0) return;
  await db.query(
    `update everwarm.ledger l set queued_at = null where l.ctid = any(array(
  select o.ctid from unnest($1::integer[], $2::text[]) as k (generation, key)
  join everwarm.ledger o on o.generation = k.generation and o.key = k.key and o.attempts = 0 for update of o skip locked))`,
    [keys.map(({ generation }) => generation), keys.map(({ key }) => key)],
  );
}
