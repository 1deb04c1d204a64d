import type { Database } from '#contracts/database.ts';
import { shardCount, shardLockSpace } from '#contracts/names.ts';
import { shardOf } from '#contracts/shard.ts';

/**
 * Waits for the locks of these keys' shards, in the order in which everybody takes them, until the transaction ends. The caller holds
 * no lock on a row yet. From then on every batch of these keys has committed, or comes later and sees what this transaction did.
 */
export async function lockShards(tx: Database, generation: number, keys: readonly string[]): Promise<void> {
  const shards = [...new Set(keys.map(shardOf))].sort((a, b) => a - b).map((shard) => generation * shardCount + shard);
  // One column after the other: in which order rows are made is the planner's choice.
  await tx.query(`select ${shards.map((shard) => `pg_advisory_xact_lock(${shardLockSpace}, ${shard})`).join(', ')}`);
}
