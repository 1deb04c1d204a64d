import type { Database } from '#contracts/database.ts';
import { type KeySpace, presenceKey } from '#contracts/names.ts';
import { type RedisCopy, serverIdentity } from '#contracts/redis-copy.ts';
import type { FencedRedis } from './fenced-pipeline.ts';

/*
 * The states of the copy in Redis, one row in Postgres that everybody reads, changed by comparing and setting its token:
 *
 *   behind ──(everything owed is paid; the mark is written)──► whole
 *   whole ──(Redis is away, full, emptied, or another server)──► behind, under a new token
 *
 * A new token for every fall: whoever acts on an earlier one is refused.
 */

/**
 * Whether Redis holds what the projection tables hold: the mark goes with everything else when Redis is emptied, an old one comes
 * back when it is restored from a file, and a server that took over has the mark and may lack what was written last.
 */
export async function isPresent(copy: RedisCopy, redis: Pick<FencedRedis, 'get' | 'info'>, space: KeySpace): Promise<boolean> {
  if (copy.state !== 'whole') return false;
  const [mark, info] = await Promise.all([redis.get(presenceKey(space)), redis.info()]);
  return mark === copy.token && serverIdentity(info) === copy.server;
}

/** Says that the copy is behind. Does nothing, and returns false, when it is not whole under the token that was seen. */
export async function fallBehind(db: Database, seen: RedisCopy, reason: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update everwarm.redis_copy set state = 'behind', token = gen_random_uuid()::text, mark = token, since = clock_timestamp(), reason = left($2, 500)
where state = 'whole' and token = $1`,
    [seen.token, reason],
  );
  return rowCount === 1;
}

/** Corrects why the copy is behind: one trouble may end in another. Returns whether that was news. */
export async function stayBehind(db: Database, seen: RedisCopy, reason: string): Promise<boolean> {
  if (seen.reason === reason) return false;
  const { rowCount } = await db.query(
    `update everwarm.redis_copy set reason = left($2, 500) where state = 'behind' and token = $1 and reason is distinct from left($2, 500)`,
    [seen.token, reason],
  );
  return rowCount === 1;
}

/** Locks the row and says whether the copy is still behind under this token. Until the transaction ends nobody can owe Redis anything. */
export async function lockBehind(tx: Database, seen: RedisCopy): Promise<boolean> {
  const { rows } = await tx.query(`select from everwarm.redis_copy where state = 'behind' and token = $1 for update`, [seen.token]);
  return rows.length === 1;
}

/** Says that the copy is whole on this server. The caller holds the row and has written the mark. */
export async function becomeWhole(tx: Database, seen: RedisCopy, server: string): Promise<void> {
  await tx.query(
    `update everwarm.redis_copy set state = 'whole', since = clock_timestamp(), server = $2, mark = token, reason = null where token = $1`,
    [seen.token, server],
  );
}
