import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';

/**
 * Opens bentocache as its documentation has it for several processes: memory, Redis, and a bus by which one tells the others what to
 * forget. Servers and writers open the same. The caller must disconnect it.
 */
export function openBento(redisUrl: string, ttl: string) {
  const { hostname: host, port, username, password } = new URL(redisUrl);
  const connection = { host, port: Number(port), username, password };
  return new BentoCache({
    default: 'posts',
    prefix: 'bento',
    stores: {
      posts: bentostore({ ttl })
        // Texts are texts: to serialize them for its memory would only cost.
        .useL1Layer(memoryDriver({ maxItems: 10_000, serialize: false }))
        .useL2Layer(redisDriver({ connection }))
        .useBus(redisBusDriver({ connection })),
    },
  });
}
