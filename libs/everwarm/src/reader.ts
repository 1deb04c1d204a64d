import { EverwarmError } from '#contracts/errors.ts';
import type { Token } from '#contracts/token.ts';
import type { Casing } from '#model/schema.ts';
import type { PostgresInput } from '#platform/postgres.ts';
import type { RedisInput } from '#platform/redis.ts';
import { type TokenClient, tokenOf } from './operations/token.ts';
import { openReading } from './reading.ts';
import type { MemoryOptions } from './stages/read/memory.ts';
import type { Reader } from './stages/read/reader.ts';

export type { RawPage } from './stages/read/list-reader.ts';
export type { MemoryOptions } from './stages/read/memory.ts';
export type { ReadOptions } from './stages/read/read-options.ts';
export type { RawDocument, Tier } from './stages/read/read-parts.ts';
export type { ReaderStats, TierStats, Timings } from './stages/read/read-stats.ts';
export type { ListOptions, Page, Reader } from './stages/read/reader.ts';
export { EverwarmError, type Token, type TokenClient, tokenOf };

/** What a process that only reads must say. The same values as in `createEverwarm`. */
export type ReaderConfig = {
  readonly postgres: PostgresInput;
  readonly redis: RedisInput;
  readonly casing?: Casing;
  readonly namespace?: string;
  /** What may be kept in this process of what Redis said, and for how long. Absent: nothing. */
  readonly memory?: MemoryOptions;
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
  const reading = openReading(config);
  return { ...reading.reader, connect: () => reading.connect(), stop: () => reading.stop() };
}
