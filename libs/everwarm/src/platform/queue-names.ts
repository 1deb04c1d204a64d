import type { Redis } from 'ioredis';
import { queuePrefix, queueSetKey } from '#contracts/names.ts';

/**
 * Every queue of a namespace that some process opened, those of definitions with a transform included, as a dashboard opens them:
 * `new Queue(name, { prefix })`. Rejects while Redis is away.
 */
export async function openedQueues(
  redis: Pick<Redis, 'smembers'>,
  namespace = 'everwarm',
): Promise<readonly { readonly name: string; readonly prefix: string }[]> {
  return (await redis.smembers(queueSetKey(namespace))).sort().map((name) => ({ name, prefix: queuePrefix(namespace) }));
}
