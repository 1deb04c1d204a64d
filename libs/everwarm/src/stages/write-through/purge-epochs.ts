import type { Database } from '#contracts/database.ts';
import { epochPrefixes } from '#contracts/names.ts';
import type { FencedRedis } from './fenced-pipeline.ts';
import { namesLike } from './names-like.ts';

/** How long Redis must have been whole in the epoch at hand before what former ones left there goes: nobody reads those any more. */
const quietFor = '1 minute';

/** How many steps of a scan one run makes, and how many names Redis looks at in each. */
const [stepsAtOnce, namesAtOnce] = [20, 1000];

/**
 * Takes former epochs' keys out of Redis, a bounded number of steps of a scan in each run, once for each leader: `former` names the
 * epochs. Only when Redis has long been whole in this epoch. Returns whether there is more to do at once.
 */
export function epochPurger(
  db: Database,
  redis: FencedRedis,
  namespace: string,
  former: () => Promise<readonly string[]>,
): () => Promise<boolean> {
  const done = new Set<string>();
  let cursor = '0';
  return async () => {
    const { rows } = await db.query(
      `select from everwarm.redis_copy where state = 'whole' and since < clock_timestamp() - interval '${quietFor}'`,
    );
    if (rows.length === 0) return false;
    const prefix = (await former()).flatMap((epoch) => epochPrefixes({ namespace, epoch })).find((one) => !done.has(one));
    if (prefix === undefined) return false;
    for (let step = 0; step < stepsAtOnce; step++) {
      const [next, keys] = await redis.scan(cursor, 'MATCH', namesLike(prefix), 'COUNT', namesAtOnce);
      if (keys.length > 0) await redis.unlink(keys);
      cursor = next;
      if (cursor === '0') {
        done.add(prefix);
        break;
      }
    }
    return true;
  };
}
