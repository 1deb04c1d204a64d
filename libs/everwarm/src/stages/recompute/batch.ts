import type { Generation } from '#contracts/compiled.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import type { Lifecycle } from '#contracts/lifecycle.ts';
import { shardCount, shardLockSpace } from '#contracts/names.ts';
import { shardOf } from '#contracts/shard.ts';
import { reached } from '#contracts/steps.ts';
import { formatVersion, type Version } from '#contracts/version.ts';
import { textLiteral } from '#model/sql/literal.ts';

/** A batch under its locks: what is really owed, as the ledger had it, and the version that everything it changes will carry. */
export type LockedBatch = {
  readonly generation: Generation;
  readonly keys: readonly string[];
  readonly claims: readonly Claim[];
  readonly version: Version;
  /** As it was when the batch had its locks: a walk that follows a change of it finds what this batch left. */
  readonly lifecycle: Lifecycle;
};

/**
 * What happened to a batch. `busy` are keys whose shard another worker holds: still owed, to be tried again soon. `apart` are
 * quarantined keys that something changed: owed too, and to be tried by themselves.
 */
export type BatchOutcome<W> = {
  readonly written: W | null;
  readonly claims: readonly Claim[];
  readonly busy: readonly string[];
  readonly apart: readonly string[];
};

/** Which keys of a batch are taken: those that are well, or any, also those that failed at their last try. */
export type Takes = 'well' | 'any';

/** A key as the ledger owed it when the batch began. */
export type Claim = { readonly key: string; readonly seq: string };

type Owed = { number: string; key: string; seq: string; failed: boolean; quarantined: boolean; lifecycle: Lifecycle | null };

/**
 * Recomputes keys in one transaction, in an order that makes versions mean something: the locks of the keys' shards, then one
 * number for the batch, then (inside `write`) the snapshot of the one statement that derives the documents. Whoever has the
 * higher number has therefore also seen the newer rows. Locks are tried, in order, and never waited for. The ledger is read
 * before that snapshot: a key dirtied afterwards has a newer sequence number and stays owed. Keys that failed before are left to
 * those who try them again, by themselves and at their time: whatever carries them here, they hold up nobody.
 */
export function recomputeBatch<W>(
  db: Transactions,
  epoch: number,
  generation: Generation,
  keys: readonly string[],
  write: (tx: Database, batch: LockedBatch) => Promise<W>,
  takes: Takes = 'well',
): Promise<BatchOutcome<W>> {
  const shards = [...new Set(keys.map(shardOf))].sort((a, b) => a - b);
  return db.transaction(
    async (tx, [, , locks, owed]) => {
      const held = new Set(rowsOf<{ shard: number }>(locks).map((row) => row.shard));
      const isMine = (key: string) => held.has(shardOf(key));
      const mine = rowsOf<Owed>(owed).filter((row) => isMine(row.key));
      const rows = takes === 'any' ? mine : mine.filter((row) => !row.failed && !row.quarantined);
      const apart = takes === 'any' ? [] : mine.filter((row) => !row.failed && row.quarantined).map((row) => row.key);
      const busy = keys.filter((key) => !isMine(key));
      const first = rows[0];
      if (!first) return { written: null, claims: [], busy, apart };
      reached('recompute.locked');
      const claims = rows.map(({ key, seq }) => ({ key, seq }));
      const version = formatVersion(epoch, BigInt(first.number));
      const lifecycle = first.lifecycle ?? generation.lifecycle;
      const written = await write(tx, { generation, keys: claims.map((claim) => claim.key), claims, version, lifecycle });
      reached('recompute.written');
      return { written, claims, busy, apart };
    },
    { givesWay: true, opening: [...planOnce, lockSql(generation.id, shards), claimSql(generation.id, keys)] },
  );
}

/**
 * The statements of a generation are planned once per connection: planning again for every batch took twice as long as a batch
 * of one key, and the plans are index lookups by key however many keys there are. That must be so when the tables are empty
 * while they are planned, as those of deltas are whenever they were just folded: a plan that scans them would be kept as they grow.
 */
export const planOnce = ['set local plan_cache_mode = force_generic_plan', 'set local enable_seqscan = off'] as const;

/** Each statement of the opening has a snapshot of its own, so what comes after the locks also sees what came before them. */
function lockSql(generation: number, shards: readonly number[]): string {
  const first = generation * shardCount;
  return `select s.shard from unnest(array[${shards.join(', ')}]) as s (shard) where pg_try_advisory_xact_lock(${shardLockSpace}, ${first} + s.shard)`;
}

function claimSql(generation: number, keys: readonly string[]): string {
  return `select n.number, l.key, l.seq::text as seq, l.attempts > 0 as failed, q.key is not null as quarantined,
  (select g.lifecycle from everwarm.generations g where g.id = ${generation}) as lifecycle
from (select nextval('everwarm.version_seq')::text as number) n cross join everwarm.ledger l left join everwarm.quarantine q on q.generation = l.generation and q.key = l.key
where l.generation = ${generation} and l.key in (${keys.map(textLiteral).join(', ')})`;
}

function rowsOf<Row>(result: { readonly rows: unknown[] } | undefined): Row[] {
  return (result?.rows ?? []) as Row[];
}
