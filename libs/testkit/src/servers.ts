import { join } from 'node:path';
import { startPostgres } from '../../../tools/services/postgres.mjs';
import { startRedis } from '../../../tools/services/redis.mjs';
import { closeRunFolder, openRunFolder } from '../../../tools/services/run-folder.mjs';
import type { PostgresSource } from '../../../tools/services/types.d.mts';

/** The private servers of one run, as text that may cross to other processes. */
export type TestServers = {
  /** A superuser's URL, naming the database `postgres`. */
  readonly postgresUrl: string;
  /** A Redis shared by the whole run: never flush it; `createRedis` gives one that may be. */
  readonly redisUrl: string;
  /** Further servers of the run keep their files here and are stopped with it. */
  readonly folder: string;
};

/** Options of `startTestServers`. */
export type TestServerOptions = {
  /** Default: `EVERWARM_TEST_POSTGRES`, else the embedded one where it is installed. */
  readonly postgres?: PostgresSource | undefined;
  /** Default false: nobody keeps this data. Benchmarks that claim figures turn it on. */
  readonly fsync?: boolean;
  /** Further settings of Postgres, by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told of servers that a killed run left behind. */
  readonly log?: (line: string) => void;
};

/**
 * Starts a Postgres and a Redis that nobody else uses, on free ports of the loopback address, with data that is thrown away.
 * `DATABASE_URL` and `REDIS_URL` are ignored. The caller must call `stop`, which also stops every server that `createRedis` started
 * in this run; after a `kill -9` the next run does it.
 */
export async function startTestServers(options: TestServerOptions = {}): Promise<TestServers & { stop(): Promise<void> }> {
  const { postgres = postgresFromEnvironment(), fsync = false, settings = {}, log = () => {} } = options;
  const folder = await openRunFolder({ log });
  const shared = join(folder, '..', '..');
  try {
    const [database, redis] = await Promise.all([
      startPostgres({ folder: join(folder, 'postgres'), binariesFolder: shared, fsync, settings, prefer: postgres, log }),
      startRedis({ folder: join(folder, 'redis'), packageFolder: shared, persistent: false, sources: ['path', 'package'], log }),
    ]);
    return { postgresUrl: database.url, redisUrl: redis.url, folder, stop: () => closeRunFolder(folder) };
  } catch (error) {
    await closeRunFolder(folder);
    throw error;
  }
}

function postgresFromEnvironment(): PostgresSource | undefined {
  const wanted = process.env['EVERWARM_TEST_POSTGRES'];
  if (!wanted) return undefined;
  if (wanted === 'embedded' || wanted === 'system') return wanted;
  throw new TypeError(`EVERWARM_TEST_POSTGRES is "${wanted}": it must be "embedded" or "system".`);
}
