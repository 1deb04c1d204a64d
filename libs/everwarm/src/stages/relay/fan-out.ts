import type { Database } from '#contracts/database.ts';

/** A change that dirties more keys than are owed at once: a query that finds them, from a stored generation, and what caused it. */
export type FanOut = {
  readonly generation: number;
  /** Where in the declaration the table that changed is read. */
  readonly path: string;
  /** The id of the source whose rows changed. */
  readonly source: number;
  /** For each row of parameters, the transaction that changed it. */
  readonly xids: readonly string[];
  /** When the oldest of the changes was made, in milliseconds. */
  readonly since: number;
  readonly keys: string;
  /** The number under which it was first owed, where that was before now. */
  readonly seq?: string;
  readonly parameters: readonly (readonly (string | null)[])[];
};

/**
 * Notes a fan-out, to be worked off by the leader's {@link fanOutWalker}. An equal one that nobody has begun finds the keys of this
 * one too, since its query runs later than both changes: then it only becomes as old as the older of the two. So a row that is
 * changed again and again leaves two at most, one that is worked off and one that waits.
 */
export async function noteFanOut(tx: Database, { generation, path, source, xids, since, keys, parameters, seq }: FanOut): Promise<void> {
  await tx.query(
    `insert into everwarm.fan_outs as f (generation, path, source, xid, xids, since, keys, parameters, digest, seq)
values ($1, $2, $3, ($4::text[])[1]::xid8, $4, to_timestamp($5::float8 / 1000), $6, $7, md5($6 || $7::jsonb::text), coalesce($8::bigint, nextval('everwarm.ledger_seq')))
on conflict (generation, digest) where not begun do update set seq = least(f.seq, excluded.seq), since = least(f.since, excluded.since), changes = f.changes + 1`,
    [generation, path, source, xids, since, keys, JSON.stringify(parameters), seq ?? null],
  );
}
