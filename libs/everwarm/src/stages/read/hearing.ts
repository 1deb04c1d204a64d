import { changesChannel } from '#contracts/names.ts';
import { ChangeFeed, type FeedParts } from './change-feed.ts';
import type { CopyLease } from './copy-lease.ts';
import { Memory, type MemoryOptions } from './memory.ts';
import { Watches, type WatchParts } from './watches.ts';

/** What hearing of changes stands on. */
export type HearingParts = Pick<FeedParts, 'connect'> &
  Pick<WatchParts, 'read'> & {
    readonly lease: Pick<CopyLease, 'space' | 'server' | 'trusted'>;
    /** Null: nothing is kept in memory. */
    readonly memory: MemoryOptions | null;
  };

/** One process's ear for what is written to Redis, and what is made of it. */
export type Hearing = { readonly feed: ChangeFeed; readonly memory: Memory | null; readonly watches: Watches };

/**
 * Joins the feed to memory and watches. What is heard takes away what memory holds before anybody who watches reads again, so that
 * they read what they were told of.
 */
export function hearChanges({ connect, read, lease, memory: options }: HearingParts): Hearing {
  const feed = new ChangeFeed({
    connect,
    channel: () => changesChannel(lease.space),
    believed: () => lease.server,
    heard(name, version) {
      memory?.outdate(name, version);
      watches.hear(name, version);
    },
    dropped: () => memory?.clear(),
    joined: () => watches.reread(),
  });
  const memory = options && new Memory(options, (now) => lease.trusted(now) && feed.isHeard(now));
  const watches = new Watches({ read, isHeard: () => feed.isHeard(), begin: () => feed.start() });
  return { feed, memory, watches };
}
