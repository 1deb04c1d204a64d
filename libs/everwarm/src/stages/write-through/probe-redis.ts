import { EverwarmError } from '#contracts/errors.ts';
import { type KeySpace, presenceKey, probeKey } from '#contracts/names.ts';
import { serverIdentity } from '#contracts/redis-copy.ts';
import type { FencedRedis } from './fenced-pipeline.ts';

/** What Redis says of itself when it takes writes: which server it is, and the mark it holds. */
export type Probed = { readonly server: string; readonly mark: string | null };

/** How long Redis may take to answer, in milliseconds: longer than any pause of its own that readers should sit out. */
const patienceMs = 1000;

/**
 * Asks Redis to take a write, and which server and mark it has, in one round trip. Rejects when it does not answer, or does not
 * write: it is full, a replica, or its disk is.
 */
export async function probeRedis(redis: FencedRedis, space: KeySpace): Promise<Probed> {
  const answers = redis.pipeline().info('server').info('replication').get(presenceKey(space)).set(probeKey(space), '', 'EX', 60).exec();
  const replies = (await within(answers, redis)) ?? [];
  for (const [error] of replies) if (error) throw error;
  const [server, replication, mark] = replies.map(([, reply]) => reply as string | null);
  return { server: serverIdentity(`${server}\n${replication}`), mark: mark ?? null };
}

async function within<T>(answers: Promise<T>, redis: FencedRedis): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      // A connection that is half open would stay silent for ever; the next one tells.
      redis.disconnect(true);
      reject(new EverwarmError('E_REDIS', `It did not answer within ${patienceMs} ms.`));
    }, patienceMs);
  });
  try {
    return await Promise.race([answers, late]);
  } finally {
    clearTimeout(timer);
    answers.catch(() => undefined);
  }
}
