import { randomUUID } from 'node:crypto';
import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { type KeySpace, presenceKey, projectionTable, rehydrationKey } from '#contracts/names.ts';
import { type RedisCopy, serverIdentity } from '#contracts/redis-copy.ts';
import type { FencedRedis } from './fenced-pipeline.ts';
import { partitionsOf } from './partitions.ts';
import { publishDocuments } from './publish.ts';
import { fillUntilWhole } from './publish-entries.ts';
import type { WrittenDocument } from './write-documents.ts';

/** How many documents one round trip writes. */
const chunk = 500;

/**
 * Whether Redis holds what the projection tables hold, as far as its mark tells: the mark goes with everything else when Redis
 * is emptied, and an old one comes back when it is restored from a file.
 */
export async function isPresent({ state, token }: RedisCopy, redis: Pick<FencedRedis, 'get'>, space: KeySpace): Promise<boolean> {
  return state === 'whole' && (await redis.get(presenceKey(space))) === token;
}

/**
 * Writes everything that the projection tables hold to Redis, through the fence, so that changes go on meanwhile, and then
 * the mark of presence. When Redis is emptied during it, the mark is refused and the next look begins anew.
 * Returns whether Redis is now whole.
 */
export async function rehydrate(db: Database, redis: FencedRedis, space: KeySpace, generations: readonly Generation[]): Promise<boolean> {
  const token = randomUUID();
  await redis.set(rehydrationKey(space), token);
  await db.query(`update everwarm.redis_copy set state = 'behind', token = $1`, [token]);
  for (const generation of generations) {
    if (generation.model.kind === 'document') await rehydrateDocuments(db, redis, space, generation.id);
    else for await (const partition of partitionsOf(db, generation.id)) await fillUntilWhole(redis, space, db, generation, partition);
  }
  const finished = (await redis.everwarmFinishRehydration(rehydrationKey(space), presenceKey(space), token)) === 1;
  if (!finished) return false;
  const server = serverIdentity(await redis.info());
  const { rowCount } = await db.query(
    `update everwarm.redis_copy set state = 'whole', since = clock_timestamp(), server = $2, mark = token, reason = null where token = $1`,
    [token, server],
  );
  return rowCount === 1;
}

async function rehydrateDocuments(db: Database, redis: FencedRedis, space: KeySpace, generation: number): Promise<void> {
  let after: string | null = null;
  for (;;) {
    const { rows }: { rows: WrittenDocument[] } = await db.query<WrittenDocument>(
      `select key, doc, version, extract(epoch from as_of)::float8 * 1000 as "asOf" from everwarm.${projectionTable(generation)} where $1::text is null or key > $1 order by key limit ${chunk}`,
      [after],
    );
    await publishDocuments(redis, space, generation, rows);
    after = rows.at(-1)?.key ?? null;
    if (rows.length < chunk) return;
  }
}
