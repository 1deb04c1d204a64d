import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { signal } from '../../../tools/services/processes.mjs';
import { startRedis } from '../../../tools/services/redis.mjs';
import { providedServers } from './provided-servers.ts';
import type { TestServers } from './servers.ts';

/** Options of `createRedis`. */
export type RedisOptions = {
  /** Keep an append-only file, so that `start` after `kill` finds the data again. Default false. */
  readonly persistent?: boolean;
  /** Default `noeviction`. */
  readonly maxmemoryPolicy?: string;
  /** Default: those of the test run. Required outside of vitest. */
  readonly servers?: Pick<TestServers, 'folder'>;
};

/** A Redis server of one test, which may be flushed, frozen and killed. Its URL stays the same for its whole life. */
export type TestRedis = {
  readonly url: string;
  readonly port: number;
  /** The process as it runs now; another one after `start`. */
  pid(): number;
  /** `kill -9`: gone without a goodbye. Resolves when it is. */
  kill(): Promise<void>;
  /** Stops answering, and keeps every connection open. */
  freeze(): void;
  /** The end of `freeze`. */
  thaw(): void;
  /** Starts it again after `kill` or `stop`, on the same port. */
  start(): Promise<void>;
  /** Ends it in good order. May be called twice. */
  stop(): Promise<void>;
};

/** Starts a Redis server for this test alone, in some 50 ms. The caller must `stop` it; the end of the run does for those forgotten. */
export async function createRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const run = (options.servers ?? providedServers()).folder;
  const settings = {
    folder: join(run, `redis-${randomBytes(6).toString('hex')}`),
    packageFolder: join(run, '..', '..'),
    persistent: options.persistent ?? false,
    maxmemoryPolicy: options.maxmemoryPolicy ?? 'noeviction',
    sources: ['path', 'package'] as const,
  };
  let server = await startRedis(settings);
  const { url, port } = server;
  return {
    url,
    port,
    pid: () => server.pid,
    async kill() {
      signal(server.pid, 'SIGKILL');
      await server.stop();
    },
    freeze: () => signal(server.pid, 'SIGSTOP'),
    thaw: () => signal(server.pid, 'SIGCONT'),
    async start() {
      server = await startRedis({ ...settings, port });
    },
    stop: () => server.stop(),
  };
}
