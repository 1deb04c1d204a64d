import { setTimeout as pause } from 'node:timers/promises';
import { pointToServers } from '../../../libs/everwarm/src/torture/link-faults.ts';
import type { Fault } from '../../../libs/everwarm/src/torture/types.ts';
import type { ControlledRedis } from '../servers/redis.ts';

/** The Redis server itself: killed with all, something or nothing kept, out of memory, and replaced by a replica that lags. */
export function redisFaults(redis: ControlledRedis): readonly Fault[] {
  const fault = (name: string, quick: boolean, lasts: Fault['lasts'], inject: Fault['inject']): Fault => ({
    name,
    needs: ['redis-control', 'redis-is-scratch'],
    // A worker that is restarted meanwhile would wait for it, and so would who restarts it.
    grips: ['redis', 'queue', 'workers', 'readers'],
    quick,
    lasts,
    inject,
  });
  const killed =
    (kept: 'nothing' | 'log' | 'snapshot', prepare: () => Promise<unknown>): Fault['inject'] =>
    async () => {
      await prepare();
      await redis.kill();
      return () => redis.start(kept);
    };
  return [
    fault(
      'redis-killed-nothing-kept',
      true,
      [200, 3000],
      killed('nothing', () => Promise.resolve()),
    ),
    fault(
      'redis-killed-all-kept',
      false,
      [200, 3000],
      killed('log', () => redis.ask(async (client) => client.config('SET', 'appendonly', 'yes').then(() => logIsWritten(client)))),
    ),
    fault(
      'redis-restored-from-old-snapshot',
      true,
      [200, 3000],
      killed('snapshot', () => redis.ask(async (client) => client.save().then(() => pause(3000)))),
    ),
    fault('redis-out-of-memory', true, [3000, 15_000], async () => {
      await redis.ask((client) => client.config('SET', 'maxmemory', '1mb'));
      return () => redis.ask(async (client) => void (await client.config('SET', 'maxmemory', '0')));
    }),
    fault('redis-failover-to-lagging-replica', true, [500, 3000], async (stage) => {
      await redis.addReplica();
      redis.holdReplicaBack();
      await pause(1500);
      await redis.kill();
      return async () => {
        await redis.failOver();
        pointToServers(stage);
      };
    }),
  ];
}

/** Waits until the append-only file, which is begun while the server runs, has everything. */
async function logIsWritten(client: { info(section: string): Promise<string> }): Promise<void> {
  while (!/aof_rewrite_in_progress:0/.test(await client.info('persistence'))) await pause(20);
}
