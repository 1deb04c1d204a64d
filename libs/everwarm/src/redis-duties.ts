import type { Transactions } from '#contracts/database.ts';
import type { Generations } from '#contracts/generations.ts';
import type { KeySpace } from '#contracts/names.ts';
import { checkRedis } from '#platform/redis.ts';
import { readRedisCopy } from '#platform/redis-copy.ts';
import type { Duty } from './duties.ts';
import type { RedisView } from './stages/recompute/finish-direct.ts';
import { stayBehind } from './stages/write-through/copy-state.ts';
import type { FencedRedis } from './stages/write-through/fenced-pipeline.ts';
import { makeWhole } from './stages/write-through/pay.ts';
import { isRedisTrouble, wordsForTrouble } from './stages/write-through/redis-trouble.ts';
import { RedisWatch } from './stages/write-through/redis-watch.ts';
import { scrubber } from './stages/write-through/scrub.ts';

/** What keeping the copy in Redis works with. */
export type RedisDutyParts = {
  readonly db: Transactions;
  readonly generations: Generations;
  readonly writer: FencedRedis;
  readonly space: KeySpace;
  readonly leads: () => boolean;
  readonly onError: (error: unknown, during: string) => void;
};

/** What keeps the copy in Redis, and what this process knows of it. */
export type RedisDuties = {
  readonly view: () => RedisView;
  /** Reports an error, but for one that says no more than the change of state which was told already. */
  readonly report: (error: unknown, during: string) => void;
  /** For every process. */
  readonly everywhere: readonly Duty[];
  /** For the leader. */
  readonly leading: readonly Duty[];
};

/** The duties by which the copy in Redis is watched, paid what it is owed, and scrubbed. See {@link RedisWatch} for its states. */
export function redisDuties(parts: RedisDutyParts): RedisDuties {
  const { db, generations, writer, space, leads, onError } = parts;
  const readCopy = () => readRedisCopy(db);
  const watch = new RedisWatch({ db, redis: writer, space, readCopy, leads, onError });
  const paying = { db, redis: writer, space, generations: () => generations.look() };
  const scrub = scrubber(paying);

  const pay = async () => {
    const copy = await readCopy();
    if (copy.state === 'whole' || watch.probed === null) return;
    try {
      // It may have come up only now, and as something else.
      await checkRedis(writer);
      if (await makeWhole(paying, copy)) await watch.look();
    } catch (error) {
      const isNews = await stayBehind(db, copy, wordsForTrouble(error));
      if (isNews || !isRedisTrouble(error)) throw error;
    }
  };

  return {
    // Before the first look nothing speaks against Redis.
    view: () => ({ behind: watch.copy?.state === 'behind', usable: watch.copy === null || watch.probed !== null, ahead: watch.ahead }),
    report: (error, during) => {
      // What a worker's connection says over and over is nothing more than the watch tells once.
      const isTold = watch.probed === null || during === 'worker';
      if (!isTold || !isRedisTrouble(error)) onError(error, during);
    },
    everywhere: [{ name: 'redis watch', everyMs: 250, run: () => watch.look() }],
    leading: [
      { name: 'redis', everyMs: 250, run: pay },
      {
        name: 'scrub',
        everyMs: 5000,
        run: async (again) => {
          if (watch.copy?.state === 'whole' && watch.probed !== null) again(await scrub());
        },
      },
    ],
  };
}
