import { setTimeout as pause } from 'node:timers/promises';
import { everyKey, queuePrefix, recomputeQueue } from '#contracts/names.ts';
import type { Queue, Redis } from '#platform/clients.ts';
import { openQueues } from '#platform/queue.ts';
import { openRedis } from '#platform/redis.ts';
import { documentsBack } from './documents-back.ts';
import type { Fault, Grip, Random, Stage } from './types.ts';

/** Runs commands on Redis, on a connection of its own, past the proxies. */
async function onRedis<Answer>(stage: Stage, action: (redis: Redis) => Promise<Answer>): Promise<Answer> {
  const redis = openRedis(stage.redisUrl(), 'worker');
  try {
    await redis.connect();
    return await action(redis);
  } finally {
    redis.disconnect();
  }
}

const onQueue = (stage: Stage, action: (queue: Queue) => Promise<void>): Promise<void> =>
  onRedis(stage, async (redis) => {
    const queues = openQueues(redis, stage.namespace, () => undefined);
    try {
      await action(queues.named(recomputeQueue));
    } finally {
      await queues.close();
    }
  });

/** How often jobs are meddled with while it lasts, in milliseconds: one look would find the queue empty. */
const meddleEveryMs = 25;

/** Does something to the queue again and again until it is over. */
function meddling(name: string, quick: boolean, meddle: (queue: Queue, random: Random) => Promise<void>): Fault {
  return {
    name,
    needs: [],
    grips: ['queue', 'redis'],
    lasts: [1000, 5000],
    quick,
    inject: async (stage, random) => {
      let isOver = false;
      const work = onQueue(stage, async (queue) => {
        while (!isOver) {
          await meddle(queue, random);
          await pause(meddleEveryMs);
        }
      });
      return async () => {
        isOver = true;
        await work;
      };
    },
  };
}

/** Once, to Redis. */
function toRedis(
  name: string,
  { needs, grips }: Pick<Fault, 'needs'> & { grips: readonly Grip[] },
  act: (redis: Redis, stage: Stage, random: Random) => Promise<unknown>,
): Fault {
  return {
    name,
    needs,
    grips,
    lasts: [0, 1000],
    quick: true,
    inject: async (stage, random) => {
      await onRedis(stage, (redis) => act(redis, stage, random));
      return () => Promise.resolve();
    },
  };
}

async function keysLike(redis: Redis, pattern: string): Promise<string[]> {
  const keys: string[] = [];
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
    keys.push(...found);
    cursor = next;
  } while (cursor !== '0');
  return keys.toSorted();
}

const dropJobs = meddling('jobs-dropped', true, (queue) => queue.drain());

const duplicateJobs = meddling('jobs-duplicated', true, async (queue) => {
  const jobs = await queue.getJobs(['waiting', 'active'], 0, 50);
  await queue.addBulk(jobs.filter(Boolean).map(({ name, data }) => ({ name, data })));
});

const reorderJobs = meddling('jobs-reordered', true, async (queue, random) => {
  const jobs = (await queue.getJobs(['waiting'], 0, 50)).filter(Boolean);
  // Taken by a worker meanwhile: then there is nothing to move.
  for (const job of jobs) await job.remove().catch(() => undefined);
  await queue.addBulk(random.shuffle(jobs).map(({ name, data }) => ({ name, data })));
});

const deleteQueueKeys = toRedis('queue-keys-deleted', { needs: [], grips: ['queue', 'redis'] }, async (redis, stage, random) => {
  const keys = await keysLike(redis, `${queuePrefix(stage.namespace)}:*`);
  const doomed = random.chance(0.5) ? keys : keys.filter(() => random.chance(0.5));
  if (doomed.length > 0) await redis.del(...doomed);
});

/** Nobody is told of it: what was there comes back when it is compared with Postgres, which is what is waited for. */
const deleteRandomKeys: Fault = {
  name: 'random-keys-deleted',
  needs: [],
  grips: ['redis'],
  lasts: [0, 1000],
  quick: true,
  inject: async (stage, random) => {
    const doomed = await onRedis(stage, async (redis) => {
      const keys = (await keysLike(redis, everyKey(stage.namespace))).filter((key) => !key.startsWith(queuePrefix(stage.namespace)));
      const some = random.shuffle(keys).slice(0, random.integer(1, Math.max(1, Math.round(keys.length / 3))));
      if (some.length > 0) await redis.del(...some);
      return new Set(some);
    });
    return () => documentsBack(stage, doomed);
  },
};

const flushAll = toRedis('flushall', { needs: ['redis-is-scratch'], grips: ['queue', 'redis'] }, (redis) => redis.flushall());

/** Removes every key of the stage's namespace, queues included: what a run leaves behind. */
export async function deleteKeysOf(stage: Stage): Promise<void> {
  await onRedis(stage, async (redis) => {
    const keys = await keysLike(redis, everyKey(stage.namespace));
    for (let start = 0; start < keys.length; start += 1000) await redis.del(...keys.slice(start, start + 1000));
  });
}

/** What can happen to jobs and keys in a Redis to which one has nothing but a connection. */
export const queueFaults: readonly Fault[] = [dropJobs, duplicateJobs, reorderJobs, deleteQueueKeys, deleteRandomKeys, flushAll];
