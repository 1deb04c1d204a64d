import { randomBytes } from 'node:crypto';
import { createDatabase, createRedis, type Random, type TestDatabase, type TestRedis } from '@everwarm/testkit';
import { createEverwarm, type Everwarm, type Fuse } from 'everwarm';
import { createReader, type StandaloneReader } from 'everwarm/reader';
import { Pool } from 'pg';
import { onTestFinished } from 'vitest';
import { settledTemplate } from '../../fixtures/settled-template.ts';
import { Clerk } from './clerk.ts';
import { ddl, readModels, readModelsThatLive } from './read-models.ts';

/** An archive of one test, closed when it is over. */
export type Archive = {
  readonly database: TestDatabase;
  readonly redis: TestRedis;
  /** Starts relay and workers, as another process would. */
  readonly startWorker: () => Promise<Everwarm>;
  /** Opens a reader with connections of its own. */
  readonly openReader: () => StandaloneReader;
  /** Clerks with a connection each, ready to write. */
  readonly clerks: (count: number, random: Random) => Promise<readonly Clerk[]>;
};

const template = settledTemplate('archive', ddl, readModels);

/** What is other than usual: the fuse, or when documents are written. */
export type ArchiveOptions = { readonly fuse?: Fuse; readonly lifecycle?: Parameters<typeof readModelsThatLive>[0] };

/** Opens it. Nobody works in it yet. */
export async function openArchive({ fuse, lifecycle = 'async' }: ArchiveOptions = {}): Promise<Archive> {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const redis = await createRedis({ persistent: true });
  onTestFinished(() => redis.stop());
  const connections = { postgres: database.urlFor('archive'), redis: redis.url, namespace: `archive-${randomBytes(6).toString('hex')}` };
  return {
    database,
    redis,
    async startWorker() {
      const models = readModelsThatLive(lifecycle);
      const everwarm = createEverwarm({
        ...connections,
        readModels: models,
        onError: () => undefined,
        ...(fuse !== undefined && { fuse }),
      });
      onTestFinished(() => everwarm.stop());
      if (lifecycle !== 'async') await everwarm.migrate();
      await everwarm.start();
      return everwarm;
    },
    openReader() {
      const reader = createReader(connections);
      onTestFinished(() => reader.stop());
      return reader;
    },
    async clerks(count, random) {
      const pool = new Pool({ connectionString: database.urlFor('clerks'), max: count });
      onTestFinished(() => pool.end());
      return Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const client = await pool.connect();
          onTestFinished(() => client.release());
          const clerk = new Clerk(client, random.fork(), index + 1);
          await clerk.begin();
          return clerk;
        }),
      );
    },
  };
}
