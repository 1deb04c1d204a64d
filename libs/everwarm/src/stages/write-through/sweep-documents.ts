import { setTimeout as pause } from 'node:timers/promises';
import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { lastsMs } from '#contracts/lazy.ts';
import { millisecondsSql } from '#contracts/milliseconds.ts';
import { documentKey, type KeySpace, projectionTable } from '#contracts/names.ts';
import { versionLength } from '#contracts/version.ts';
import { execute, type FencedRedis } from './fenced-pipeline.ts';
import { publishDocuments, tombstoneTtl } from './publish.ts';
import type { WrittenDocument } from './write-documents.ts';

/** How many documents one step compares. */
const chunk = 500;

/** The same where most of them are missing, and the step will write them all. */
export const fillingChunk = 200;

/** How many of the documents that are read most, and of those that changed last, are swept before all others: they are the likeliest to be asked for. */
const first = 5000;

type Row = { readonly key: string; readonly version: string; readonly gone: boolean; readonly asOf: number };

/** The generation whose documents are swept. */
export type SweptGeneration = Pick<Generation, 'id' | 'lifecycle'>;

/** What comparing some documents came to: how many Redis was given, and after which key to go on; null at the end. */
export type Swept = { readonly published: number; readonly next: string | null };

/**
 * Compares the next documents of a generation, in the order of their keys, with what Redis holds of each, by version alone, and writes
 * to Redis what it lacks or has older, through the fence; `count` at most.
 */
export async function sweepDocuments(
  db: Database,
  redis: FencedRedis,
  space: KeySpace,
  generation: SweptGeneration,
  after: string | null,
  count: number = chunk,
): Promise<Swept> {
  const { rows } = await db.query<Row>(
    `select ${compared} from everwarm.${projectionTable(generation.id)} where $1::text is null or key > $1 order by key limit $2`,
    [after, count],
  );
  const published = await publishMissing(db, redis, space, generation, rows);
  return { published, next: rows.length < count ? null : (rows.at(-1)?.key ?? null) };
}

/** The same for the documents that readers counted most often. */
export async function sweepMostRead(db: Database, redis: FencedRedis, space: KeySpace, generation: SweptGeneration): Promise<void> {
  const { rows } = await db.query<Row>(
    `select ${compared} from everwarm.${projectionTable(generation.id)} join (
  select key, score from everwarm.most_read where generation = $1 order by score desc limit ${first}
) m using (key) order by m.score desc`,
    [generation.id],
  );
  await publishInSteps(db, redis, space, generation, rows);
}

/** The same for the documents that changed last, found by one pass over the table. */
export async function sweepNewest(db: Database, redis: FencedRedis, space: KeySpace, generation: SweptGeneration): Promise<void> {
  const { rows } = await db.query<Row>(
    `select ${compared} from everwarm.${projectionTable(generation.id)} order by version desc limit ${first}`,
  );
  await publishInSteps(db, redis, space, generation, rows);
}

async function publishInSteps(
  db: Database,
  redis: FencedRedis,
  space: KeySpace,
  generation: SweptGeneration,
  rows: readonly Row[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += fillingChunk)
    await withRest(() => publishMissing(db, redis, space, generation, rows.slice(start, start + fillingChunk)));
}

/** Does one step of many and rests for as long as it took: whoever reads meanwhile, from Postgres as long as Redis is empty, is not to wait behind all of them. */
export async function withRest<T>(step: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await step();
  await pause(performance.now() - began);
  return result;
}

/** Writes documents of these keys, as Postgres has them, to Redis. */
export async function publishKeys(
  db: Database,
  redis: FencedRedis,
  space: KeySpace,
  generation: SweptGeneration,
  keys: readonly string[],
): Promise<void> {
  const { rows } = await db.query<WrittenDocument>(
    `select key, doc, version, ${millisecondsSql('as_of')} as "asOf" from everwarm.${projectionTable(generation.id)} where key = any($1)`,
    [keys],
  );
  const documents = rows.map((row) => ({ ...row, asOf: Number(row.asOf) }));
  await publishDocuments(redis, space, generation.id, documents, lastsMs(generation.lifecycle));
}

const compared = `key, version, doc is null as gone, ${millisecondsSql('as_of')} as "asOf"`;

async function publishMissing(
  db: Database,
  redis: FencedRedis,
  space: KeySpace,
  generation: SweptGeneration,
  rows: readonly Row[],
): Promise<number> {
  if (rows.length === 0) return 0;
  const pipeline = redis.pipeline();
  for (const { key } of rows) pipeline.getrange(documentKey(space, generation.id, key), 0, versionLength - 1);
  const held = (await execute(pipeline)) as string[];
  const missing = rows.filter((row, index) => lacks(held[index] ?? '', row)).map(({ key }) => key);
  if (missing.length > 0) await publishKeys(db, redis, space, generation, missing);
  return missing.length;
}

/** A tombstone that has gone of age is not missed, nor is the marker of an eviction: no write is so late. */
function lacks(held: string, { version, gone, asOf }: Row): boolean {
  if (held === '' && gone) return Date.now() - Number(asOf) < tombstoneTtl * 1000;
  return held < version;
}
