import type { Database } from '#contracts/database.ts';
import { millisecondsSql } from '#contracts/milliseconds.ts';
import type { Redis } from '#platform/clients.ts';
import { readRedisCopy } from '#platform/redis-copy.ts';

/** How many keys owed to Redis are counted. */
const countedKeys = 20_000;

/** What is known of Redis and of the copy in it. */
export type RedisStatus = {
  readonly reachable: boolean;
  readonly usedMemory: string | null;
  /** `whole`: it holds what Postgres holds. `behind`: readers ask Postgres until it does. */
  readonly state: 'whole' | 'behind';
  /** For how long it has been so, in milliseconds. */
  readonly sinceMs: number;
  /** Keys that Postgres has as they should be and Redis does not have yet, counted up to 20,000. */
  readonly owed: number;
  /** Why it is behind, in words; null while it is whole. */
  readonly reason: string | null;
};

/** Reads what is known of Redis; it may be away. */
export async function readRedisStatus(db: Database, redis: Redis): Promise<RedisStatus> {
  const [copy, owed, info] = await Promise.all([
    readRedisCopy(db),
    db.query<{ owed: string; now: number }>(
      `select count(*)::text as owed, ${millisecondsSql('clock_timestamp()')} as now from (select from everwarm.redis_owed limit ${countedKeys}) o`,
    ),
    redis.info('memory').catch(() => null),
  ]);
  const { owed: keys = '0', now = copy.since } = owed.rows[0] ?? {};
  return {
    reachable: info !== null,
    usedMemory: (info && /^used_memory_human:(.*?)\r?$/m.exec(info)?.[1]) ?? null,
    state: copy.state,
    sinceMs: Math.max(0, Math.round(now - copy.since)),
    owed: Number(keys),
    reason: copy.reason,
  };
}

/** What `doctor` says of the copy in Redis; null when it is whole. */
export async function behindProblem(db: Database, redis: Redis): Promise<string | null> {
  const { state, sinceMs, owed, reason } = await readRedisStatus(db, redis);
  if (state === 'whole') return null;
  return `It has been behind for ${Math.round(sinceMs / 1000)} s. ${reason ?? ''} ${owed} keys are owed to it. Reads come from Postgres and nothing is lost; a worker gives Redis what it lacks as soon as it takes writes.`;
}
