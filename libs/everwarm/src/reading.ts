import { EverwarmError } from '#contracts/errors.ts';
import type { Generations } from '#contracts/generations.ts';
import type { Casing } from '#model/schema.ts';
import { rememberGenerations } from '#platform/generations.ts';
import { lookAtCopy } from '#platform/look-at-copy.ts';
import { lookAtDebts, lookAtLags } from '#platform/look-at-lags.ts';
import { lookAtTokens } from '#platform/look-at-tokens.ts';
import { lookAtUnwritten } from '#platform/look-at-unwritten.ts';
import type { PostgresInput } from '#platform/postgres.ts';
import { openReadingDatabase } from '#platform/reading-database.ts';
import { openRedis, type RedisInput } from '#platform/redis.ts';
import { lazyFiller } from './fill-lazy.ts';
import { CopyLease } from './stages/read/copy-lease.ts';
import { readDocuments } from './stages/read/document-reader.ts';
import { Floors } from './stages/read/floors.ts';
import { gatherGets } from './stages/read/gather-gets.ts';
import { type Hearing, hearChanges } from './stages/read/hearing.ts';
import { checkMemory, type MemoryOptions } from './stages/read/memory.ts';
import { MostRead } from './stages/read/most-read.ts';
import { withPageCommand } from './stages/read/page-script.ts';
import type { ReadParts } from './stages/read/read-parts.ts';
import { ReadStats } from './stages/read/read-stats.ts';
import { type Reader, readerOn } from './stages/read/reader.ts';
import { relearning } from './stages/read/relearn.ts';
import { SourceLease } from './stages/read/source-lease.ts';
import { Staleness } from './stages/read/staleness.ts';
import { TokenWatch } from './stages/read/token-watch.ts';
import type { Watches } from './stages/read/watches.ts';
import { withFencedCommands } from './stages/write-through/scripts.ts';

/** How often it is noted which documents are read most. */
const noteEveryMs = 5000;

/** What reading is opened with. */
export type ReadingConfig = {
  readonly postgres: PostgresInput;
  readonly redis: RedisInput;
  readonly casing?: Casing | undefined;
  readonly namespace?: string | undefined;
  /** What may be kept in this process of what Redis said. Absent: nothing. */
  readonly memory?: MemoryOptions | undefined;
};

/** The reading side of a process, with connections of its own. */
export type Reading = {
  readonly reader: Reader;
  /** Opens the connections now rather than at the first read. Throws E_POSTGRES, E_NOT_MIGRATED, E_LIFECYCLE. */
  connect(): Promise<void>;
  /** Looks at once whether Redis may be trusted, and hears what was written to it until now, if anything was read yet. Never rejects. */
  look(): Promise<void>;
  /** Resolves when memory knows of all that was written to Redis before the call, so that the next read does. Never rejects. */
  hear(): Promise<void>;
  /** Closes what was opened. May be called twice, and before anything was read. */
  stop(): Promise<void>;
};

type Parts = ReadParts & { readonly generations: Generations; readonly watches: Watches };

/** Opens nothing until something is read. Redis may be away, at the first read too: then Postgres answers. Throws E_CONFIG. */
export function openReading({ postgres: input, redis: redisInput, casing, namespace = 'everwarm', memory }: ReadingConfig): Reading {
  if (memory) checkMemory(memory);
  const database = openReadingDatabase(input, 'everwarm-reader');
  const redis = withPageCommand(openRedis(redisInput, 'read'));
  const generations = rememberGenerations(database.direct);
  const floors = new Floors(() => lease.distrust());
  const relearn = relearning({ db: database.direct, floors, unwritten: (mark) => lookAtUnwritten(database.direct, mark) });
  const lease: CopyLease = new CopyLease({
    redis,
    namespace,
    look: () => lookAtCopy(database.direct),
    moved() {
      floors.forget();
      hearing.feed.move();
    },
    lapsed: () => hearing.feed.doubt(),
    ready: async () => !floors.overflown || relearn(await generations.look()),
  });
  const failed = (cause: unknown) => Promise.reject(database.failure(cause));
  const hearing: Hearing = hearChanges({
    connect: () => openRedis(redisInput, 'feed'),
    read: (generation, keys, transform) =>
      readDocuments(parts, generations.remembered(generation.name, generation.hash) ?? generation, keys, transform),
    lease,
    memory: memory ?? null,
  });
  const mostRead = new MostRead();
  const stats = new ReadStats();
  const parts: Parts = {
    db: database.db,
    redis,
    getTogether: gatherGets(redis),
    view: lease,
    floors,
    memory: hearing.memory,
    watches: hearing.watches,
    mostRead,
    stats,
    lease: new SourceLease({ redis, view: lease, floors, onWait: (generation) => stats.wait(generation, 'source') }),
    fill: lazyFiller({ db: database.db, redis: withFencedCommands(redis), view: lease }),
    tokens: new TokenWatch((awaited) => lookAtTokens(database.direct, awaited).catch(failed)),
    staleness: new Staleness({
      lags: () => lookAtLags(database.direct).catch(failed),
      debts: (...asked) => lookAtDebts(database.direct, ...asked).catch(failed),
    }),
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
    if (memory) hearing.feed.start();
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
    reader: readerOn(opened, casing, stats),
    connect: async () => void (await opened()),
    look: async () => {
      if (!isReady) return;
      await lease.look();
      await hearing.feed.beat();
    },
    hear: async () => {
      if (hearing.feed.isHeard()) await hearing.feed.beat();
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      isReady = false;
      hearing.watches.stop();
      hearing.feed.stop();
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
