import type { Database } from '#contracts/database.ts';
import { lowerMarks } from './count-ledger.ts';

/**
 * A key that is owed: some change at or after `since` (milliseconds) is not yet in its document; `source`: of which rows, if of any.
 * `isInlined`: whoever changed it says to have written the document, too.
 */
export type OwedKey = {
  readonly generation: number;
  readonly key: string;
  readonly since: number;
  readonly source?: number | undefined;
  readonly isInlined?: boolean;
};

/*
 * A key that is already owed keeps its oldest time and the sequence number under which it was first owed, and gets a new
 * sequence number: an acknowledgement of what was seen before then leaves it owed. Rows are taken in key order, as the
 * acknowledgement does, so that the two cannot deadlock. A key that fails keeps the time of its next try, however often it changes.
 */
const onConflict = `on conflict (generation, key) do update set
  seq = nextval('everwarm.ledger_seq'), first_seq = least(ledger.first_seq, excluded.first_seq), since = least(ledger.since, excluded.since),
  source = case when excluded.since < ledger.since then excluded.source else ledger.source end, queued_at = case when ledger.attempts > 0 then ledger.queued_at else excluded.queued_at end, bulk = ledger.bulk and excluded.bulk`;

/** Writes keys to the ledger. `queued` says that the caller enqueues them right after the commit. */
export async function oweKeys(tx: Database, owed: readonly OwedKey[], queued: boolean): Promise<void> {
  if (owed.length === 0) return;
  await tx.query({
    name: 'everwarm_owe',
    text: `insert into everwarm.ledger (generation, key, since, queued_at, source)
select o.generation, o.key, to_timestamp(o.since / 1000), case when $4 then now() end, o.source
from unnest($1::integer[], $2::text[], $3::float8[], $5::integer[]) as o (generation, key, since, source) order by o.generation, o.key collate "C" ${onConflict}`,
    values: [
      owed.map((row) => row.generation),
      owed.map((row) => row.key),
      owed.map((row) => row.since),
      queued,
      owed.map((row) => row.source ?? null),
    ],
  });
}

/**
 * Writes keys to the ledger that are left to the refiller, in the lane behind single changes. `firstSeq` is the number under which
 * they were first owed as a whole, where that was before now: who waits for what was owed then waits for them too.
 */
export async function oweBulk(
  tx: Database,
  generation: number,
  keys: readonly string[],
  since: number,
  firstSeq: string | null = null,
): Promise<void> {
  if (keys.length === 0) return;
  await tx.query({
    name: 'everwarm_owe_bulk',
    text: `with lowered as (${lowerMarks('$3')})
insert into everwarm.ledger (generation, key, seq, first_seq, since, bulk)
select $1, o.key, n.seq, coalesce($4::bigint, n.seq), to_timestamp($3::float8 / 1000), true
from (select key from unnest($2::text[]) as k (key) order by key collate "C") o cross join lateral (select nextval('everwarm.ledger_seq') as seq, o.key) n ${onConflict}`,
    values: [generation, keys, since, firstSeq],
  });
}
