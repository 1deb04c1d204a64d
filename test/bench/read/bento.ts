import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';

/**
 * Opens bentocache as its documentation has it for several processes: memory, Redis, and a bus by which one tells the others what to
 * forget. Servers and writers open the same. The caller must disconnect it.
 *
 * `asTheyAre` keeps texts in its memory as they are, which is faster, but only for documents that its own process made: one that comes
 * from Redis is kept serialized all the same, and every read of it fails then (bentocache 1.6.1).
 */
export function openBento(redisUrl: string, ttl: string, { asTheyAre }: { readonly asTheyAre: boolean }) {
  const { hostname: host, port, username, password } = new URL(redisUrl);
  const connection = { host, port: Number(port), username, password };
  return new BentoCache({
    default: 'posts',
    prefix: 'bento',
    stores: {
      posts: bentostore({ ttl })
        .useL1Layer(memoryDriver({ maxItems: 10_000, serialize: !asTheyAre }))
        .useL2Layer(redisDriver({ connection }))
        .useBus(redisBusDriver({ connection })),
    },
  });
}
