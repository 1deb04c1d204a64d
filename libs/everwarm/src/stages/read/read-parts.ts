import type { Redis } from 'ioredis';
import type { Transactions } from '#contracts/database.ts';
import type { CopyView } from './copy-lease.ts';
import type { Floors } from './floors.ts';
import type { MostRead } from './most-read.ts';

/** Where an answer came from. */
export type Tier = 'redis' | 'postgres' | 'source';

/** A document's bytes and what they are worth. */
export type RawDocument = {
  /** The JSON text as UTF-8. */
  readonly body: Buffer;
  /** The fence's version; null when the answer was derived just now and is not stored. */
  readonly version: string | null;
  /** Milliseconds since 1970: the document shows the database at least as of then. */
  readonly asOf: number;
  readonly tier: Tier;
};

/** What reading works with. */
export type ReadParts = {
  readonly db: Transactions;
  readonly redis: Redis;
  /** One value of Redis by its key, asked for together with what other readers want at this moment. */
  readonly getTogether: (key: string) => Promise<Buffer | null>;
  readonly view: CopyView;
  readonly floors: Floors;
  readonly mostRead: MostRead;
  /** Questions to Postgres under way, by generation and key: readers of one key share one. */
  readonly flights: Map<string, Promise<RawDocument | null>>;
};
