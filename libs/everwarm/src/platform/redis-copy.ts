import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { millisecondsSql } from '#contracts/milliseconds.ts';
import type { RedisCopy } from '#contracts/redis-copy.ts';

/** What Postgres says of the copy in Redis: one row by its key. Throws E_NOT_MIGRATED when there is none. */
export async function readRedisCopy(db: Database): Promise<RedisCopy> {
  const { rows } = await db.query<RedisCopy>({
    name: 'everwarm_redis_copy',
    text: `select state, token, ${millisecondsSql('since')} as since, server, mark, reason from everwarm.redis_copy`,
  });
  const copy = rows[0];
  if (!copy) throw new EverwarmError('E_NOT_MIGRATED', 'This database says nothing of the copy in Redis. Run everwarm migrate.');
  return copy;
}
