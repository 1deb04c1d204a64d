import type { Transactions } from '#contracts/database.ts';
import type { Snapshot } from '#contracts/snapshot.ts';
import { reached } from '#contracts/steps.ts';

/**
 * Empties the outbox table that writers left and sends them to it, so that the outbox neither grows nor has dead rows.
 * Never waits for a lock: a writer that still holds the table postpones the rotation. Within the lock it checks that every row
 * left was delivered, whatever isolation level its writer had; only then is the table truncated. Returns whether it rotated.
 */
export async function rotate(db: Transactions, delivered: Snapshot): Promise<boolean> {
  try {
    return await db.transaction(async (tx) => {
      const { rows } = await tx.query<{ slot: number }>('select slot from everwarm.outbox_slot');
      const idle = rows[0]?.slot === 0 ? 1 : 0;
      const table = `everwarm.outbox_${idle}`;
      await tx.query(`lock table ${table} in access exclusive mode nowait`);
      const left = await tx.query(`select from ${table} where not pg_visible_in_snapshot(xid, $1::pg_snapshot) limit 1`, [delivered.text]);
      if (left.rows.length > 0) return false;
      await tx.query(`truncate ${table}`);
      await tx.query('update everwarm.outbox_slot set slot = $1, since = clock_timestamp()', [idle]);
      reached('relay.rotating');
      return true;
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === '55P03') return false;
    throw error;
  }
}
