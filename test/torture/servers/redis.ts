import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { type LinkProxy, openProxy } from '../../../libs/everwarm/src/torture/proxy.ts';
import { signal } from '../../../tools/services/processes.mjs';
import { startRedis } from '../../../tools/services/redis.mjs';
import type { RunningServer } from '../../../tools/services/types.d.mts';

/** A Redis master that can die in every way, with a replica that can lag. */
export type ControlledRedis = {
  /** The URL of the server that is master now. */
  url(): string;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Starts it again with what it kept: `nothing`, its append-only `log`, or the last `snapshot`. */
  start(kept: 'nothing' | 'log' | 'snapshot'): Promise<void>;
  /** Runs commands on the master, on a connection of its own. */
  ask<Answer>(action: (redis: Redis) => Promise<Answer>): Promise<Answer>;
  /** Starts a replica of the master; resolves when it has everything. Does nothing when there is one. */
  addReplica(): Promise<void>;
  /** From now on nothing reaches the replica. */
  holdReplicaBack(): void;
  /** Kills the master and makes the replica the master. A new replica must be made before the next. */
  failOver(): Promise<void>;
  /** Ends everything. */
  stop(): Promise<void>;
};

/** Starts a master that keeps nothing, in folders below `folder`. */
export async function startControlledRedis(folder: string): Promise<ControlledRedis> {
  // One password for all, since a replica takes the master's place under it.
  const password = randomBytes(18).toString('base64url');
  let names = 0;
  const folderOf = (name: string) => join(folder, name);
  const begin = (name: string, options: { readonly port?: number; readonly persistent: boolean }) => {
    mkdirSync(folderOf(name), { recursive: true });
    writeFileSync(join(folderOf(name), 'password'), password, { mode: 0o600 });
    return startRedis({ folder: folderOf(name), packageFolder: join(folder, '..', '..'), sources: ['path', 'package'], ...options });
  };
  let name = `redis-${names}`;
  let master = await begin(name, { persistent: false });
  let replica: { readonly name: string; readonly server: RunningServer; readonly link: LinkProxy } | null = null;

  const kill = async () => {
    signal(master.pid, 'SIGKILL');
    await master.stop();
  };
  return {
    url: () => master.url,
    kill,
    async start(kept) {
      const data = join(folderOf(name), 'data');
      if (kept !== 'log') rmSync(join(data, 'appendonlydir'), { recursive: true, force: true });
      if (kept !== 'snapshot') rmSync(join(data, 'dump.rdb'), { force: true });
      master = await begin(name, { port: master.port, persistent: kept === 'log' });
    },
    ask: (action) => asking(master.url, action),
    async addReplica() {
      if (replica) return;
      const link = await openProxy(master.url);
      await asking(master.url, (redis) => redis.config('SET', 'repl-diskless-sync-delay', '0'));
      const next = `redis-${++names}`;
      const server = await begin(next, { persistent: false });
      await asking(server.url, async (redis) => {
        await redis.config('SET', 'masterauth', password);
        await redis.replicaof('127.0.0.1', Number(new URL(link.url).port));
        await waitFor(async () => /master_link_status:up/.test(await redis.info('replication')), {
          what: 'the replica to have everything',
        });
      });
      replica = { name: next, server, link };
    },
    holdReplicaBack: () => replica?.link.stall(),
    async failOver() {
      if (!replica) throw new Error('There is no replica to fail over to. Call addReplica first.');
      await kill();
      await asking(replica.server.url, (redis) => redis.replicaof('NO', 'ONE'));
      await replica.link.close();
      ({ name, server: master } = replica);
      replica = null;
    },
    async stop() {
      await replica?.server.stop();
      await replica?.link.close();
      await master.stop();
    },
  };
}

async function asking<Answer>(url: string, action: (redis: Redis) => Promise<Answer>): Promise<Answer> {
  const redis = new Redis(url, { maxRetriesPerRequest: 3, retryStrategy: () => 100 });
  redis.on('error', () => undefined);
  try {
    return await action(redis);
  } finally {
    redis.disconnect();
  }
}
