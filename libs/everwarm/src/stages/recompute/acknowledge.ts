import type { Database } from '#contracts/database.ts';
import type { Claim } from './batch.ts';

/**
 * Takes keys out of the ledger once both stores have them. Only what was seen is acknowledged: a key that was dirtied again in
 * the meantime has another sequence number and stays owed. What was quarantined is so no more. Rows are locked in key order, as the relay does. The commit is not
 * waited for: an acknowledgement lost in a crash means one more recompute.
 */
export async function acknowledge(db: Database, generation: number, claims: readonly Claim[]): Promise<void> {
  if (claims.length === 0) return;
  await db.query({
    name: 'everwarm_acknowledge',
    text: 'select everwarm.acknowledge($1, $2, $3)',
    values: [generation, claims.map((claim) => claim.key), claims.map((claim) => claim.seq)],
  });
}

/** Forgets keys of a generation that no longer exists. */
export async function forget(db: Database, generation: number): Promise<void> {
  await db.query('delete from everwarm.ledger where generation = $1', [generation]);
}
