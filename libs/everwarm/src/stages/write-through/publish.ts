import { randomUUID } from 'node:crypto';
import type { ChainableCommander, Redis } from 'ioredis';
import type { Database } from '#contracts/database.ts';
import { documentKey, entriesKey, type KeySpace, pageKey, projectionTable } from '#contracts/names.ts';
import { encodeHeader } from '#contracts/version.ts';
import type { FencedCommands } from './scripts.ts';
import type { WrittenDocument } from './write-documents.ts';
import type { WrittenEntry } from './write-entries.ts';

/** A connection that knows the fenced writes. */
export type FencedRedis = Redis & FencedCommands;

/** How long Redis remembers a deleted document, in seconds: longer than any write can be late. Postgres remembers it after that. */
const tombstoneTtl = 24 * 3600;

/** How many entries one round trip loads. */
const loadChunk = 1000;

type FencedPipeline = ChainableCommander & { [C in keyof FencedCommands]: (...args: Parameters<FencedCommands[C]>) => ChainableCommander };

/**
 * Writes documents that Postgres has committed to Redis, pipelined, one fenced set per key, changed or not: a crash between the
 * two stores is made good by whoever repeats the batch. Rejects when Redis did not take all of them.
 */
export async function publishDocuments(
  redis: FencedRedis,
  space: KeySpace,
  generation: number,
  documents: readonly WrittenDocument[],
): Promise<void> {
  if (documents.length === 0) return;
  const pipeline = redis.pipeline() as FencedPipeline;
  for (const { key, doc, version, asOf } of documents) {
    pipeline.everwarmSetDocument(
      documentKey(space, generation, key),
      version,
      encodeHeader(version, Math.round(asOf), doc === null) + (doc ?? ''),
      doc === null ? String(tombstoneTtl) : '0',
    );
  }
  await execute(pipeline);
}

/** Writes list entries that Postgres has committed to Redis; a page that turns out not to be whole is loaded. */
export async function publishEntries(
  redis: FencedRedis,
  space: KeySpace,
  db: Database,
  generation: number,
  entries: readonly WrittenEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const whole = await setEntries(redis, space, generation, entries);
  const incomplete = new Set(entries.filter((_, index) => whole[index] !== 1).map((entry) => entry.partition));
  for (const partition of incomplete) await loadPage(redis, space, db, generation, partition);
}

/**
 * Fills the page of one partition from its projection table, entry by entry through the fence, so that writes going on meanwhile
 * win where they are newer, and marks it whole. When Redis was emptied meanwhile the mark is refused, and readers go on
 * asking Postgres until the page is loaded again.
 */
export async function loadPage(redis: FencedRedis, space: KeySpace, db: Database, generation: number, partition: string): Promise<void> {
  const [page, hash] = [pageKey(space, generation, partition), entriesKey(space, generation, partition)];
  const token = randomUUID();
  await redis.hset(hash, '', token);
  let after: string | null = null;
  for (;;) {
    const { rows }: { rows: WrittenEntry[] } = await db.query<WrittenEntry>(
      `select partition, key, member, version from everwarm.${projectionTable(generation)} where partition = $1 and ($2::text is null or key > $2) order by key limit ${loadChunk}`,
      [partition, after],
    );
    if (rows.length > 0) await setEntries(redis, space, generation, rows);
    after = rows.at(-1)?.key ?? null;
    if (rows.length < loadChunk) break;
  }
  await redis.everwarmFinishPage(page, hash, token);
}

async function setEntries(redis: FencedRedis, space: KeySpace, generation: number, entries: readonly WrittenEntry[]): Promise<unknown[]> {
  const pipeline = redis.pipeline() as FencedPipeline;
  for (const { partition, key, member, version } of entries) {
    pipeline.everwarmSetEntry(pageKey(space, generation, partition), entriesKey(space, generation, partition), key, version, member ?? '');
  }
  return execute(pipeline);
}

async function execute(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? [];
  for (const [error] of replies) if (error) throw error;
  return replies.map(([, reply]) => reply);
}
