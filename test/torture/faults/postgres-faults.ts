import { setTimeout as pause } from 'node:timers/promises';
import { pointToServers } from '../../../libs/everwarm/src/torture/link-faults.ts';
import type { Fault } from '../../../libs/everwarm/src/torture/types.ts';
import type { ControlledPostgres } from '../servers/postgres.ts';

/**
 * The Postgres server itself: ended at once and recovered, and replaced by a replica that lags, so that committed writes are lost.
 * @param tailLost told after a promotion, before anybody but the replica's own sessions reaches the new primary
 */
export function postgresFaults(postgres: ControlledPostgres, tailLost: () => Promise<void>): readonly Fault[] {
  const fault = (name: string, quick: boolean, lasts: Fault['lasts'], inject: Fault['inject']): Fault => ({
    name,
    needs: ['postgres-control'],
    grips: ['postgres', 'writers', 'workers', 'readers'],
    quick,
    lasts,
    inject,
  });
  return [
    fault('postgres-stopped-immediately', true, [200, 3000], async (stage) => {
      await postgres.stopImmediately();
      return async () => {
        await postgres.start();
        pointToServers(stage);
      };
    }),
    fault('postgres-lagging-replica-promoted', false, [200, 1500], async (stage) => {
      await postgres.addReplica();
      postgres.holdReplicaBack();
      await pause(1500);
      await postgres.stopImmediately();
      return async () => {
        await postgres.promote();
        await tailLost();
        pointToServers(stage);
      };
    }),
  ];
}
