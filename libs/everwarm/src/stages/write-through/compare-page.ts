import type { Database } from '#contracts/database.ts';
import { entriesKey, type KeySpace, pageKey, projectionTable } from '#contracts/names.ts';
import { versionLength } from '#contracts/version.ts';
import type { FencedRedis } from './fenced-pipeline.ts';
import type { PublishedList } from './publish-entries.ts';

/** How many of a count's characters are its ticket. */
const ticketLength = 19;

/**
 * Whether what Redis shows of one partition is what Postgres has: the entries as deep as Redis says, each under its version, no other
 * entry, and the count. A partition of which Redis holds nothing is right as it is: readers ask Postgres. What is written between the two
 * looks makes a difference too, so one difference proves nothing.
 */
export async function isPageRight(
  db: Database,
  redis: FencedRedis,
  space: KeySpace,
  list: PublishedList,
  partition: string,
): Promise<boolean> {
  const [page, hash] = [pageKey(space, list.id, partition), entriesKey(space, list.id, partition)];
  const { keep = 0, count: isCounted = false } = list.model.list ?? {};
  const [members, held] = await Promise.all([redis.zrangeBuffer(page, '0', '-1'), redis.hgetallBuffer(hash)]);
  const fields = held as unknown as Record<string, Buffer>;
  if (members.length === 0) return Object.keys(fields).length === 0;
  const { rows } = await db.query<{ key: string; member: Buffer; version: string }>(
    `select key, member, version from everwarm.${projectionTable(list.id)} where partition = $1 and member is not null order by member limit $2`,
    [partition, keep + 1],
  );
  const { depth } = fields;
  if (members[0]?.length !== 0 || depth === undefined) return false;
  const shown = depth.length === 0 ? rows : rows.filter(({ member }) => Buffer.compare(member, depth) <= 0);
  if (depth.length === 0 && rows.length > keep) return false;
  if (shown.length !== members.length - 1) return false;
  const isSame = shown.every(({ key, member, version }, index) => {
    const entry = fields[`k${key}`];
    return (
      members[index + 1]?.equals(member) &&
      entry?.toString('latin1', 0, versionLength) === version &&
      entry.subarray(versionLength).equals(member)
    );
  });
  if (!isSame || !isCounted) return isSame;
  const { rows: counted } = await db.query<{ total: string }>(
    'select coalesce(sum(n), 0)::text as total from everwarm.list_counts where generation = $1 and partition = $2',
    [list.id, partition],
  );
  return fields['count']?.toString('latin1', ticketLength) === counted[0]?.total;
}
