import type { Database } from '#contracts/database.ts';
import { startAnew } from './reconcile.ts';

/**
 * Makes the relay's state one of this cluster. Transaction ids mean something in the cluster that gave them out and nowhere else:
 * in a dump that was restored elsewhere, the delivered snapshot and the ids beside captured rows are of another cluster, and a
 * difference of snapshots would pass rows over or wait for ids for ever. So nothing is made of them: what the old cluster still had
 * to deliver is found by walking every key of every generation and setting every aggregate anew, which begins after the snapshot that
 * deliveries go on from. A replica that was promoted is of the same cluster, and what it has is of one moment: nothing to do.
 * Returns whether it was another cluster. Runs in the new leader's transaction.
 */
export async function enterCluster(tx: Database): Promise<boolean> {
  const { rowCount } =
    await tx.query(`update everwarm.relay r set system = c.system_identifier::text, snapshot = pg_current_snapshot()::text, revision = revision + 1
from pg_control_system() c
where r.system <> c.system_identifier::text or pg_snapshot_xmax(r.snapshot::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot())`);
  if (rowCount !== 1) return false;
  // Ids from the future can only be the other cluster's; they would be read at every look, and delivered when they come round.
  await tx.query('delete from everwarm.outbox where xid >= pg_snapshot_xmax(pg_current_snapshot())');
  await tx.query('delete from everwarm.fan_outs');
  await tx.query('update everwarm.aggregates set installed_xid = pg_current_xact_id() where installed_xid is not null');
  const { rows } = await tx.query<{ id: number }>(
    `update everwarm.generations set installed_xid = pg_current_xact_id() where state <> 'dropped' and installed_xid is not null returning id`,
  );
  await startAnew(
    tx,
    rows.map(({ id }) => id),
  );
  return true;
}
