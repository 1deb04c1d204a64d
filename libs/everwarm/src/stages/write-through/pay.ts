import type { Generation } from '#contracts/compiled.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import { type KeySpace, presenceKey, projectionTable, rehydrationKey } from '#contracts/names.ts';
import type { RedisCopy } from '#contracts/redis-copy.ts';
import { reached } from '#contracts/steps.ts';
import { becomeWhole, lockBehind } from './copy-state.ts';
import type { FencedRedis } from './fenced-pipeline.ts';
import { partitionsOf } from './partitions.ts';
import { probeRedis } from './probe-redis.ts';
import { fillUntilWhole, publishEntries } from './publish-entries.ts';
import { fillingChunk, publishKeys, sweepDocuments, sweepMostRead, sweepNewest, withRest } from './sweep-documents.ts';
import type { WrittenEntry } from './write-entries.ts';

/** How many owed keys one step pays. */
const chunk = 500;

/** What paying works with. */
export type PayParts = {
  readonly db: Transactions;
  readonly redis: FencedRedis;
  readonly space: KeySpace;
  /** The generations that live now. */
  readonly generations: () => Promise<readonly Generation[]>;
};

/**
 * Makes a copy whole that is behind: gives Redis what it lacks, while changes go on. Where the server that was whole still shows the
 * mark it had, that is what was written without it and no more; else every document and page is compared. Returns false when
 * the copy fell again, or Redis was emptied or replaced, during it. Rejects when Redis does not take it; nothing is forgotten then.
 */
export async function makeWhole(parts: PayParts, copy: RedisCopy): Promise<boolean> {
  const { db, redis, space } = parts;
  const { server, mark } = await probeRedis(redis, space);
  const keptAll = copy.mark !== null && (mark === copy.mark || mark === behindMark(copy.mark)) && copy.server === server;
  // Gone after a flush, and then the end of this is refused.
  await redis.set(rehydrationKey(space), copy.token);
  // A reader whom Postgres does not answer goes by what it knew, and must find another mark now.
  if (keptAll) await redis.set(presenceKey(space), behindMark(copy.mark));
  if (!keptAll) await sweep(parts);
  while ((await db.transaction((tx) => paySome(tx, parts))) === chunk);
  return db.transaction(async (tx) => {
    if (!(await lockBehind(tx, copy))) return false;
    // Nobody can owe any more now.
    while ((await paySome(tx, parts)) > 0);
    if ((await redis.everwarmFinishRehydration(rehydrationKey(space), presenceKey(space), copy.token)) !== 1) return false;
    // Asked last: what was written before is on this server, or on one that continues it.
    if ((await probeRedis(redis, space)).server !== server) return false;
    await becomeWhole(tx, copy, server);
    return true;
  });
}

/** The mark of a copy that was whole under this one, lost nothing since, and lacks what it is owed. */
const behindMark = (mark: string): string => `behind ${mark}`;

/**
 * Compares all that Postgres holds with Redis. Pages are filled afresh: of an entry that Redis should not have, Postgres
 * says nothing by which to find it.
 */
async function sweep({ db, redis, space, generations }: PayParts): Promise<void> {
  const live = await generations();
  const documents = live.filter(({ model }) => model.kind === 'document');
  for (const generation of documents) await sweepMostRead(db, redis, space, generation);
  for (const generation of documents) await sweepNewest(db, redis, space, generation);
  for (const list of live.filter(({ model }) => model.kind === 'list'))
    for await (const partition of partitionsOf(db, list.id)) await fillUntilWhole(redis, space, db, list, partition);
  for (const generation of documents) {
    let after: string | null = null;
    do after = (await withRest(() => sweepDocuments(db, redis, space, generation, after, fillingChunk))).next;
    while (after !== null);
  }
}

/**
 * Pays some of what Redis is owed, in the caller's transaction. The debt is taken out before the documents are read: whoever owes
 * a key again meanwhile has written it before, and waits here, or is read. Returns how many keys were paid.
 */
async function paySome(tx: Database, { redis, space, generations }: PayParts): Promise<number> {
  const { rows } = await tx.query<{ generation: number; key: string }>(
    `delete from everwarm.redis_owed where ctid = any(array(select ctid from everwarm.redis_owed limit ${chunk} for update)) returning generation, key`,
  );
  const live = rows.length === 0 ? [] : await generations();
  for (const generation of live) {
    const keys = rows.filter((row) => row.generation === generation.id).map(({ key }) => key);
    if (keys.length === 0) continue;
    if (generation.model.kind === 'document') await publishKeys(tx, redis, space, generation, keys);
    else await publishEntries(redis, space, tx, generation, await entriesOf(tx, generation.id, keys));
  }
  if (rows.length > 0) reached('pay.half');
  return rows.length;
}

/** All entries of these items as they stand, removed ones included. */
async function entriesOf(tx: Database, generation: number, keys: readonly string[]): Promise<WrittenEntry[]> {
  const { rows } = await tx.query<WrittenEntry>(
    `select partition, key, member, version from everwarm.${projectionTable(generation)} where key = any($1)`,
    [keys],
  );
  return rows;
}
