import { EverwarmError } from '#contracts/errors.ts';
import type { Generations } from '#contracts/generations.ts';
import type { Casing } from '#model/schema.ts';
import { rememberGenerations } from '#platform/generations.ts';
import { lookAtCopy } from '#platform/look-at-copy.ts';
import type { PostgresInput } from '#platform/postgres.ts';
import { openReadingDatabase } from '#platform/reading-database.ts';
import { openRedis, type RedisInput } from '#platform/redis.ts';
import { CopyLease } from './stages/read/copy-lease.ts';
import { Floors } from './stages/read/floors.ts';
import { gatherGets } from './stages/read/gather-gets.ts';
import { MostRead } from './stages/read/most-read.ts';
import type { ReadParts } from './stages/read/read-parts.ts';
import { type Reader, readerOn } from './stages/read/reader.ts';
import { relearn } from './stages/read/relearn.ts';

/** How often it is noted which documents are read most. */
const noteEveryMs = 5000;

/** What reading is opened with. */
export type ReadingConfig = {
  readonly postgres: PostgresInput;
  readonly redis: RedisInput;
  readonly casing?: Casing | undefined;
  readonly namespace?: string | undefined;
};

/** The reading side of a process, with connections of its own. */
export type Reading = {
  readonly reader: Reader;
  /** Opens the connections now rather than at the first read. Throws E_POSTGRES, E_NOT_MIGRATED, E_LIFECYCLE. */
  connect(): Promise<void>;
  /** Looks at once whether Redis may be trusted, if anything was read yet. Never rejects. */
  look(): Promise<void>;
  /** Closes what was opened. May be called twice, and before anything was read. */
  stop(): Promise<void>;
};

type Parts = ReadParts & { readonly generations: Generations };

/** Opens nothing until something is read. Redis may be away, at the first read too: then Postgres answers. */
export function openReading({ postgres: input, redis: redisInput, casing, namespace = 'everwarm' }: ReadingConfig): Reading {
  const database = openReadingDatabase(input, 'everwarm-reader');
  const redis = openRedis(redisInput, 'read');
  const generations = rememberGenerations(database.direct);
  const floors = new Floors(() => lease.distrust());
  const lease: CopyLease = new CopyLease({
    redis,
    namespace,
    look: () => lookAtCopy(database.direct),
    moved: () => floors.forget(),
    ready: async () => !floors.overflown || relearn(database.direct, floors, await generations.look()),
  });
  const mostRead = new MostRead();
  const parts: Parts = {
    db: database.db,
    redis,
    getTogether: gatherGets(redis),
    view: lease,
    floors,
    mostRead,
    flights: new Map(),
    generations,
  };
  let noting: NodeJS.Timeout | null = null;
  let opening: Promise<Parts> | null = null;
  let isReady = false;
  let stopped = false;

  const open = async (): Promise<Parts> => {
    await redis.connect().catch(() => undefined);
    await lease.start().catch((error: unknown) => Promise.reject(unmigrated(error) ?? database.failure(error)));
    isReady = !stopped;
    noting ??= setInterval(() => void mostRead.note(database.direct), noteEveryMs).unref();
    return parts;
  };
  const opened = (): Parts | Promise<Parts> => {
    if (isReady) return parts;
    if (stopped) throw new EverwarmError('E_LIFECYCLE', 'This reader was stopped. Create another one.');
    opening ??= open().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  return {
    reader: readerOn(opened, casing),
    connect: async () => void (await opened()),
    look: async () => {
      if (isReady) await lease.look();
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      isReady = false;
      lease.stop();
      await opening?.catch(() => undefined);
      lease.stop();
      if (noting) clearInterval(noting);
      redis.disconnect();
      await database.close();
    },
  };
}

function unmigrated(error: unknown): EverwarmError | null {
  const missing = error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '3F000');
  if (!missing) return null;
  return new EverwarmError('E_NOT_MIGRATED', 'This database has no schema "everwarm", or an older one. Run everwarm migrate.', {
    cause: error,
  });
}
