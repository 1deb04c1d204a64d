import type { Database } from '#contracts/database.ts';
import { documentPrefix, type KeySpace, laneName, listPrefix, queuePrefix } from '#contracts/names.ts';
import type { FencedRedis } from './fenced-pipeline.ts';
import { namesLike } from './names-like.ts';

/** Takes out of Redis what dropped generations left there, a thousand keys at a time, and then forgets those generations. */
export async function purgeDropped(db: Database, redis: FencedRedis, space: KeySpace): Promise<void> {
  const { rows } = await db.query<{ id: number; lane: string | null }>(
    `select id, case when model -> 'transform' is not null and not exists (select from everwarm.generations live where live.hash = g.hash and live.state <> 'dropped') then hash end as lane
from everwarm.generations g where state = 'dropped'`,
  );
  for (const { id, lane } of rows) {
    for (const prefix of [documentPrefix(space, id), listPrefix(space, id)]) await unlinkPrefix(redis, prefix);
    if (lane !== null) await unlinkPrefix(redis, `${queuePrefix(space.namespace)}:${laneName(lane)}:`);
    await db.query('delete from everwarm.timers where generation = $1', [id]);
    await db.query('delete from everwarm.list_counts where generation = $1', [id]);
    await db.query('delete from everwarm.most_read where generation = $1', [id]);
    await db.query('delete from everwarm.quarantine where generation = $1', [id]);
    await db.query(`delete from everwarm.generations where id = $1 and state = 'dropped'`, [id]);
  }
}

async function unlinkPrefix(redis: FencedRedis, prefix: string): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', namesLike(prefix), 'COUNT', 1000);
    cursor = next;
    if (keys.length > 0) await redis.unlink(keys);
  } while (cursor !== '0');
}
