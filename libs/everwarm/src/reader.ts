import { EverwarmError } from '#contracts/errors.ts';
import type { Generations } from '#contracts/generations.ts';
import type { Casing } from '#model/schema.ts';
import { readEpoch } from '#platform/epoch.ts';
import { rememberGenerations } from '#platform/generations.ts';
import { openPostgres, type PostgresInput, postgresError } from '#platform/postgres.ts';
import { openRedis, type RedisInput } from '#platform/redis.ts';
import type { ReadParts } from './stages/read/document-reader.ts';
import { type Reader, readerOn } from './stages/read/reader.ts';

export type { RawDocument, Tier } from './stages/read/document-reader.ts';
export type { RawPage } from './stages/read/list-reader.ts';
export type { ListOptions, Page, Reader } from './stages/read/reader.ts';
export { EverwarmError };

/** What a process that only reads must say. The same values as in `createEverwarm`. */
export type ReaderConfig = {
  readonly postgres: PostgresInput;
  readonly redis: RedisInput;
  readonly casing?: Casing;
  readonly namespace?: string;
};

/** A reader with connections of its own. */
export type StandaloneReader = Reader & {
  /** Opens the connections now rather than at the first read. Throws E_POSTGRES, E_NOT_MIGRATED. */
  connect(): Promise<void>;
  /** Closes the connections it opened. */
  stop(): Promise<void>;
};

/**
 * A reader for processes that only read: no queue, no relay. Connects at the first read. Redis may be away, at the start too:
 * then Postgres answers.
 */
export function createReader(config: ReaderConfig): StandaloneReader {
  const postgres = openPostgres(config.postgres, { name: 'everwarm-reader' });
  const redis = openRedis(config.redis, 'read');
  let opening: Promise<ReadParts & { readonly generations: Generations }> | null = null;
  let ready: (ReadParts & { readonly generations: Generations }) | null = null;

  const open = async () => {
    const [epoch] = await Promise.all([
      readEpoch(postgres.transactions).catch((error: unknown) =>
        Promise.reject(notMigrated(error, postgres.pool.options.connectionString)),
      ),
      connectOrRetry(),
    ]);
    return {
      db: postgres.transactions,
      redis,
      space: { namespace: config.namespace ?? 'everwarm', epoch: epoch.space },
      generations: rememberGenerations(postgres.transactions),
    };
  };
  const connectOrRetry = () => redis.connect().catch(() => undefined);
  const parts = () => {
    opening ??= open().then(
      (opened) => {
        ready = opened;
        return opened;
      },
      (error: unknown) => {
        opening = null;
        throw error;
      },
    );
    return opening;
  };

  return {
    ...readerOn(() => ready ?? parts(), config.casing),
    connect: async () => void (await parts()),
    stop: async () => {
      redis.disconnect();
      await postgres.close();
    },
  };
}

function notMigrated(error: unknown, url: string | undefined): EverwarmError {
  const missing = error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '3F000');
  return missing
    ? new EverwarmError('E_NOT_MIGRATED', 'This database has no schema "everwarm". Run everwarm migrate.', { cause: error })
    : postgresError(error, url);
}
