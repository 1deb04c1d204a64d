import type { Database } from '#contracts/database.ts';

/** A key that is owed: some change at or after `since` (milliseconds) is not yet in its document. */
export type OwedKey = { readonly generation: number; readonly key: string; readonly since: number };

/*
 * A key that is already owed keeps its oldest time and the sequence number under which it was first owed, and gets a new
 * sequence number: an acknowledgement of what was seen before then leaves it owed. Rows are taken in key order, as the
 * acknowledgement does, so that the two cannot deadlock.
 */
const onConflict = `on conflict (generation, key) do update set
  seq = nextval('everwarm.ledger_seq'), since = least(ledger.since, excluded.since), queued_at = excluded.queued_at, bulk = ledger.bulk and excluded.bulk`;

/** Writes keys to the ledger. `queued` says that the caller enqueues them right after the commit. */
export async function oweKeys(tx: Database, owed: readonly OwedKey[], queued: boolean): Promise<void> {
  if (owed.length === 0) return;
  await tx.query({
    name: 'everwarm_owe',
    text: `insert into everwarm.ledger (generation, key, since, queued_at)
select o.generation, o.key, to_timestamp(o.since / 1000), case when $4 then now() end
from unnest($1::integer[], $2::text[], $3::float8[]) as o (generation, key, since) order by o.generation, o.key collate "C" ${onConflict}`,
    values: [owed.map((row) => row.generation), owed.map((row) => row.key), owed.map((row) => row.since), queued],
  });
}

/**
 * Writes the keys that a query finds to the ledger, without bringing them to this process. They are left to the refiller, in
 * the lane behind single changes. The query's text comes from a stored generation.
 */
export async function oweQuery(
  tx: Database,
  generation: number,
  keys: string,
  parameters: readonly unknown[],
  since: number,
): Promise<number> {
  const next = parameters.length;
  const { rowCount } = await tx.query(
    `insert into everwarm.ledger (generation, key, since, bulk)
select $${next + 1}::integer, k.key, to_timestamp($${next + 2}::float8 / 1000), true from (${keys}) k order by k.key collate "C" ${onConflict}`,
    [...parameters, generation, since],
  );
  return rowCount ?? 0;
}
