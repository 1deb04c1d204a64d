import type { Database } from '#contracts/database.ts';
import type { Claim } from './batch.ts';

/**
 * Takes keys out of the ledger once both stores have them. Only what was seen is acknowledged: a key that was dirtied again in
 * the meantime has another sequence number and stays owed. Rows are locked in key order, as the relay does. The commit is not
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

/** Notes that these keys failed, with the error's words; their lease grows with every attempt. */
export async function noteFailure(db: Database, generation: number, keys: readonly string[], error: unknown): Promise<void> {
  const reason = error instanceof Error ? error.message : String(error);
  await db.query(
    `update everwarm.ledger set attempts = attempts + 1, error = left($3, 500), queued_at = now() where generation = $1 and key = any($2)`,
    [generation, keys, reason],
  );
}

/** Forgets keys of a generation that no longer exists. */
export async function forget(db: Database, generation: number): Promise<void> {
  await db.query('delete from everwarm.ledger where generation = $1', [generation]);
}
