import type { Generation } from '#contracts/compiled.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import { shardCount, shardLockSpace } from '#contracts/names.ts';
import { shardOf } from '#contracts/shard.ts';
import { formatVersion, type Version } from '#contracts/version.ts';

/** A batch under its locks: what is really owed, and the version that everything it changes will carry. */
export type LockedBatch = { readonly generation: Generation; readonly keys: readonly string[]; readonly version: Version };

/** What happened to a batch. `busy` are keys whose shard another worker holds: still owed, to be tried again soon. */
export type BatchOutcome<W> = { readonly written: W | null; readonly claims: readonly Claim[]; readonly busy: readonly string[] };

/** A key as the ledger owed it when the batch began. */
export type Claim = { readonly key: string; readonly seq: string };

/**
 * Recomputes keys in one transaction, in an order that makes versions mean something: the locks of the keys' shards, then one
 * number for the batch, then (inside `write`) the snapshot of the one statement that derives the documents. Whoever has the
 * higher number has therefore also seen the newer rows. Locks are tried, in order, and never waited for. The ledger is read
 * before that snapshot: a key dirtied afterwards has a newer sequence number and stays owed.
 */
export function recomputeBatch<W>(
  db: Transactions,
  epoch: number,
  generation: Generation,
  keys: readonly string[],
  write: (tx: Database, batch: LockedBatch) => Promise<W>,
): Promise<BatchOutcome<W>> {
  return db.transaction(async (tx) => {
    const shards = [...new Set(keys.map(shardOf))].sort((a, b) => a - b);
    const locks = await tx.query<{ shard: number }>({
      name: 'everwarm_lock',
      text: `select s.shard from (select unnest($2::integer[]) as shard) s where pg_try_advisory_xact_lock($1, $3::integer + s.shard)`,
      values: [shardLockSpace, shards, generation.id * shardCount],
    });
    const held = new Set(locks.rows.map((row) => row.shard));
    const mine = keys.filter((key) => held.has(shardOf(key)));
    const busy = keys.filter((key) => !held.has(shardOf(key)));
    if (mine.length === 0) return { written: null, claims: [], busy };
    const { rows } = await tx.query<{ number: string; key: string; seq: string }>({
      name: 'everwarm_claim',
      text: `select n.number, l.key, l.seq::text as seq
from (select nextval('everwarm.version_seq')::text as number) n, everwarm.ledger l where l.generation = $1 and l.key = any($2::text[])`,
      values: [generation.id, mine],
    });
    const first = rows[0];
    if (!first) return { written: null, claims: [], busy };
    const claims = rows.map(({ key, seq }) => ({ key, seq }));
    const written = await write(tx, {
      generation,
      keys: claims.map((claim) => claim.key),
      version: formatVersion(epoch, BigInt(first.number)),
    });
    return { written, claims, busy };
  });
}
