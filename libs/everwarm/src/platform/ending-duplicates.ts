import type { Redis, RedisOptions } from 'ioredis';

/**
 * Makes `disconnect` of a connection end those too that were made from it by `duplicate`, all of them for good: none connects again.
 *
 * BullMQ makes a worker's blocking connection that way, and makes it anew when a block took too long. Closed at that moment it opens it
 * again, and nobody closes it (6.7.0): a process that was frozen, thaws and is told to stop would never end by itself.
 */
export function endingDuplicates(redis: Redis): Redis {
  const [duplicate, disconnect] = [redis.duplicate.bind(redis), redis.disconnect.bind(redis)];
  const duplicates = new Set<Redis>();
  let ended = false;
  const unlessEnded = (one: Redis) => {
    const connect = one.connect.bind(one);
    // In the client's own words, by which BullMQ knows that this is no mistake.
    return Object.assign(one, { connect: () => (ended ? Promise.reject(new Error('Connection is closed.')) : connect()) });
  };
  return Object.assign(unlessEnded(redis), {
    duplicate: (options?: Partial<Omit<RedisOptions, 'replyMapping'>>) => {
      const other = unlessEnded(duplicate(options));
      duplicates.add(other);
      return other;
    },
    disconnect: (reconnect = false) => {
      if (reconnect || !ended) disconnect(reconnect);
      if (reconnect) return;
      ended = true;
      // The client waits two seconds for the end of one that has ended already.
      for (const other of duplicates) if (other.status !== 'end') other.disconnect();
    },
  });
}
