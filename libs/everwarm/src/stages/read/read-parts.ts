import type { Redis } from 'ioredis';
import type { Transactions } from '#contracts/database.ts';
import type { CopyView } from './copy-lease.ts';
import type { Floors } from './floors.ts';
import type { Fill } from './lazy-reads.ts';
import type { Memory } from './memory.ts';
import type { MostRead } from './most-read.ts';
import type { PageCommands } from './page-script.ts';
import type { ReadStats } from './read-stats.ts';
import type { SourceLease } from './source-lease.ts';
import type { Staleness } from './staleness.ts';
import type { TokenWatch } from './token-watch.ts';

/** Where an answer came from. */
export type Tier = 'memory' | 'redis' | 'postgres' | 'source';

/** A document's bytes and what they are worth. */
export type RawDocument = {
  /** The JSON text as UTF-8. Many readers may have been given the same bytes: nobody may write into them. */
  readonly body: Buffer;
  /** The fence's version; null when the answer was derived just now and is not stored. */
  readonly version: string | null;
  /** Milliseconds since 1970: the document shows the database at least as of then. */
  readonly asOf: number;
  readonly tier: Tier;
  /** Whether something newer of this key is known to be on its way; null where nobody asked Postgres. */
  readonly pending: boolean | null;
};

/** What reading works with. */
export type ReadParts = {
  readonly db: Transactions;
  readonly redis: Redis & PageCommands;
  /** One value of Redis by its key, asked for together with what other readers want at this moment. */
  readonly getTogether: (key: string) => Promise<Buffer | null>;
  readonly view: CopyView;
  readonly floors: Floors;
  /** What Redis said lately; null where nothing is kept. */
  readonly memory: Memory | null;
  readonly mostRead: MostRead;
  readonly stats: ReadStats;
  /** Who asks the sources for a key that no store has. */
  readonly lease: SourceLease;
  /** Who waits for what tokens name. */
  readonly tokens: TokenWatch;
  /** How old answers of the stores may be. */
  readonly staleness: Staleness;
  /** Makes and stores documents of lazy read models. */
  readonly fill: Fill;
  /** Questions to Postgres under way, by generation and key: readers of one key share one. */
  readonly flights: Map<string, Promise<RawDocument | null>>;
};
