import { randomInt } from 'node:crypto';
import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { entriesKey, type KeySpace, pageKey, projectionTable } from '#contracts/names.ts';
import { formatVersion } from '#contracts/version.ts';
import { execute, executeEach, type FencedPipeline, type FencedRedis } from './fenced-pipeline.ts';
import type { WrittenEntry } from './write-entries.ts';

/** What publishing must know of a list. */
export type PublishedList = Pick<Generation, 'id'> & { readonly model: Pick<Generation['model'], 'name' | 'list'> };

/** How often a page is filled again when others fill it or it forgets at the same time; each failure is somebody else's success. */
const attempts = 50;

/**
 * Writes list entries that Postgres has committed to Redis, as far down as Redis holds each partition, and fills a page that is
 * not there, has shrunk, or cannot tell whether an entry is the newest. Rejects when Redis did not take all of them.
 */
export async function publishEntries(
  redis: FencedRedis,
  space: KeySpace,
  db: Database,
  list: PublishedList,
  entries: readonly WrittenEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const unsettled = await send(redis, space, list, entries, false);
  for (const partition of new Set(unsettled.map((entry) => entry.partition)))
    await settle(
      redis,
      space,
      db,
      list,
      entries.filter((entry) => entry.partition === partition),
    );
  if (list.model.list?.count) await publishCounts(redis, space, db, list, [...new Set(entries.map((entry) => entry.partition))]);
}

/**
 * Fills the page of one partition with its first entries, through the fence, so that writes going on meanwhile win where they are
 * newer. `afresh` forgets first what Redis holds. Returns false when it must be tried again: something was forgotten or filled,
 * or Redis was emptied, since the rows were read.
 */
export async function fillPage(
  redis: FencedRedis,
  space: KeySpace,
  db: Database,
  { id, model }: PublishedList,
  partition: string,
  afresh = false,
): Promise<boolean> {
  const [page, hash] = [pageKey(space, id, partition), entriesKey(space, id, partition)];
  const { keep = 0, count = false } = model.list ?? {};
  const era = await redis.everwarmBeginPage(page, hash, String(randomInt(2 ** 47)), afresh ? '1' : '0');
  const [drawn, rows] = await Promise.all([
    db.query<{ drawn: string; counted: string }>(
      count
        ? 'select last_value::text as drawn, c.ticket || c.total as counted from everwarm.version_seq, everwarm.count_entries($1, $2) c'
        : `select last_value::text as drawn, '' as counted from everwarm.version_seq`,
      count ? [id, partition] : [],
    ),
    db.query<WrittenEntry & { member: Buffer }>(
      `select key, member, version from everwarm.${projectionTable(id)} where partition = $1 and member is not null order by member limit $2`,
      [partition, keep + 1],
    ),
  ]);
  const first = rows.rows.slice(0, keep);
  const last = first.at(-1);
  const depth = rows.rows.length > keep && last ? last.member : '';
  // A key space begins with its epoch's ordinal, as the versions in it do.
  const floor = formatVersion(Number.parseInt(space.epoch, 10), BigInt(drawn.rows[0]?.drawn ?? 0));
  const filled = await redis.everwarmFillPage(
    page,
    hash,
    era,
    String(keep),
    depth,
    floor,
    drawn.rows[0]?.counted ?? '',
    ...first.flatMap(({ key, version, member }) => [key, version, member]),
  );
  return filled === 1;
}

/** Fills a page until it is filled. Throws E_REDIS when it never is. */
export async function fillUntilWhole(
  redis: FencedRedis,
  space: KeySpace,
  db: Database,
  list: PublishedList,
  partition: string,
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) if (await fillPage(redis, space, db, list, partition, attempt === 0)) return;
  throw neverSettled(list, partition);
}

/** Entries of one partition, again and again, until its page is whole and shows them as it should. */
async function settle(
  redis: FencedRedis,
  space: KeySpace,
  db: Database,
  list: PublishedList,
  entries: readonly WrittenEntry[],
): Promise<void> {
  const partition = entries[0]?.partition ?? '';
  for (let attempt = 0; attempt < attempts; attempt++) {
    const filled = await fillPage(redis, space, db, list, partition);
    if ((await send(redis, space, list, entries, filled)).length === 0) return;
  }
  throw neverSettled(list, partition);
}

/** Sends entries and returns those that are not settled. */
async function send(
  redis: FencedRedis,
  space: KeySpace,
  { id, model }: PublishedList,
  entries: readonly WrittenEntry[],
  filled: boolean,
): Promise<WrittenEntry[]> {
  const keep = String(model.list?.keep ?? 0);
  const replies = await executeEach(redis, entries, (pipeline, { partition, key, member, version }) => {
    pipeline.everwarmSetEntry(
      pageKey(space, id, partition),
      entriesKey(space, id, partition),
      key,
      version,
      member ?? '',
      keep,
      filled ? '1' : '0',
    );
  });
  return entries.filter((_, index) => replies[index] !== 1);
}

async function publishCounts(
  redis: FencedRedis,
  space: KeySpace,
  db: Database,
  { id }: PublishedList,
  partitions: readonly string[],
): Promise<void> {
  const { rows } = await db.query<{ partition: string; counted: string }>(
    `select p.partition, c.ticket || c.total as counted from unnest($2::text[]) as p (partition), everwarm.count_entries($1, p.partition) c`,
    [id, partitions],
  );
  const pipeline = redis.pipeline() as FencedPipeline;
  for (const { partition, counted } of rows)
    pipeline.everwarmSetCount(pageKey(space, id, partition), entriesKey(space, id, partition), counted);
  await execute(pipeline);
}

function neverSettled({ model }: PublishedList, partition: string): EverwarmError {
  return new EverwarmError(
    'E_REDIS',
    `The page of ${model.name} for ${JSON.stringify(partition)} was filled ${attempts} times and changed under each. Its keys stay owed.`,
    { context: { list: model.name, partition } },
  );
}
