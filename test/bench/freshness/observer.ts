import { Redis } from 'ioredis';

/** Waits for documents to become readable in Redis. */
export type Observer = {
  /** Resolves with the moment (`performance.now()`) at which a reader first had a document of this post with this text in it. */
  readonly readable: (post: number, text: string) => Promise<number>;
  /** Posts that something is awaited of. */
  readonly awaited: (post: number) => boolean;
  readonly stop: () => void;
};

/**
 * Watches the documents under a prefix. Redis says which key was set (a keyspace event; the same cost for whoever is measured),
 * and the observer then reads that key as a reader does; what counts is the arrival of an answer that holds the text.
 * At most one text may be awaited of a post at a time.
 */
export async function observeDocuments(redisUrl: string, prefix: string): Promise<Observer> {
  const reader = new Redis(redisUrl);
  const subscriber = new Redis(redisUrl);
  const awaited = new Map<number, { readonly text: string; readonly resolve: (at: number) => void }>();
  await reader.config('SET', 'notify-keyspace-events', 'K$');

  const look = async (post: number) => {
    const value = await reader.getBuffer(prefix + post);
    const wanted = awaited.get(post);
    if (!wanted || !value?.includes(wanted.text)) return;
    awaited.delete(post);
    wanted.resolve(performance.now());
  };
  const channelPrefix = `__keyspace@0__:${prefix}`;
  subscriber.on('pmessage', (_pattern: string, channel: string) => {
    const post = Number(channel.slice(channelPrefix.length));
    // A failed read shows as a document that never came, which the caller reports.
    if (awaited.has(post)) void look(post).catch(() => undefined);
  });
  await subscriber.psubscribe(`${channelPrefix.replaceAll(/[*?[\]\\]/g, '\\$&')}*`);

  return {
    readable: (post, text) => new Promise((resolve) => awaited.set(post, { text, resolve })),
    awaited: (post) => awaited.has(post),
    stop: () => {
      reader.disconnect();
      subscriber.disconnect();
    },
  };
}
