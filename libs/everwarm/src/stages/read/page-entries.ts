import type { Generation } from '#contracts/compiled.ts';
import { entriesKey, pageKey, projectionTable } from '#contracts/names.ts';
import { floorOfPage, isAbove, type PageFloorRow, pageFloorSql } from './page-floors.ts';
import type { ReadParts, Tier } from './read-parts.ts';

/** Where a page lies: at the top, or next to a member in one direction, that member not included. */
export type Place = { readonly member: Buffer; readonly side: 'after' | 'before' } | null;

/** The members of a page in list order, whether there are others on either side, and how many entries the partition has, if counted. */
export type PageEntries = {
  readonly members: readonly Buffer[];
  readonly precedes: boolean;
  readonly follows: boolean;
  readonly total: number | null;
  readonly tier: Tier;
};

/** One partition of one list. */
export type ListPart = { readonly list: Generation; readonly partition: string };

/** What is found of a page by asking for one member more than it shows, in its direction, and for one on the other side. */
function pageOf(
  place: Place,
  found: readonly Buffer[],
  limit: number,
  behind: boolean,
): Pick<PageEntries, 'members' | 'precedes' | 'follows'> {
  const members = found.slice(0, limit);
  const more = found.length > limit;
  return place?.side === 'before'
    ? { members: members.toReversed(), precedes: more, follows: behind }
    : { members, precedes: behind, follows: more };
}

/**
 * The page from Redis, all of one moment there. Null when Redis is not trusted, does not hold the partition, or does not hold it so
 * far down that it can tell all of the page and whether there is more; or when it may be older than what was shown of the partition. Rejects
 * as the client does.
 */
export async function entriesFromRedis(parts: ReadParts, part: ListPart, place: Place, limit: number): Promise<PageEntries | null> {
  const { redis, view, floors } = parts;
  const { list, partition } = part;
  const floor = floors.none ? null : floors.ofPartition(list.id, partition);
  if (!view.trusted() || floor?.entries === null) return null;
  const [page, entries] = [pageKey(view.space, list.id, partition), entriesKey(view.space, list.id, partition)];
  const owed = [...(floor?.entries.keys() ?? [])].map((key) => `k${key}`);
  // The sentinel is the empty member: beyond it lies all.
  const answer = await redis.everwarmReadPageBuffer(page, entries, limit + 1, place?.side ?? '', place?.member ?? '', ...owed);
  if (!answer || !view.trusted()) return null;
  const [facts, held, found, other] = answer;
  const [depth, count] = facts;
  if (!depth) return null;
  const total = list.model.list?.count ? (count ? Number(count.toString('latin1', 19)) : null) : null;
  if (list.model.list?.count && total === null) return null;
  if (floor) {
    if (!isAbove(floor, facts, held)) return null;
    // Not one that somebody set while Redis answered.
    if (floors.ofPartition(list.id, partition) === floor) floors.setPartition(list.id, partition, null);
  }
  const behind = other.length > 0;
  const isWhole = depth.length === 0;
  if (!isWhole && !(place?.side === 'before' ? behind : found.length > limit)) return null;
  return { ...pageOf(place, found, limit, behind), total, tier: 'redis' };
}

/**
 * The page from the projection table: as many steps through its index as there are entries on the page, and as there are keys that
 * the ledger owes of this list, up to a bound. Leaves a floor under what Redis may have older of the partition.
 */
export async function entriesFromPostgres(
  { db, view, floors }: ReadParts,
  part: ListPart,
  place: Place,
  limit: number,
): Promise<PageEntries> {
  const { list, partition } = part;
  const counted = list.model.list?.count
    ? `(select coalesce(sum(n), 0)::float8 from everwarm.list_counts where generation = ${list.id} and partition = $1)`
    : 'null::float8';
  const entries = `everwarm.${projectionTable(list.id)} where partition = $1 and member is not null`;
  const before = floors.ofPartition(list.id, partition);
  const { rows } = await db.query<Row & PageFloorRow>(`${pageSql(entries, counted, place)}${pageFloorSql(list.id)}`, [
    partition,
    limit + 1,
    ...(place ? [place.member] : []),
  ]);
  const floor = rows[0] ? floorOfPage(rows[0], view.informed(), list.model.list?.count ?? false) : null;
  const now = floors.ofPartition(list.id, partition);
  if (now?.shown !== undefined) return fromRow(rows[0], place, limit, 'postgres');
  if (now === before || now === null) floors.setPartition(list.id, partition, floor);
  // Another page was shown meanwhile, and nobody knows which of the two is the later one.
  else if (floor !== null) floors.setPartition(list.id, partition, { entries: null, ticket: null });
  return fromRow(rows[0], place, limit, 'postgres');
}

/**
 * The page from the sources: while the list is being built, and for whoever wants what the stores do not have yet. Of a list that is
 * served it leaves a floor under the partition, since any store may have it older.
 */
export async function entriesFromSource(
  { db, floors }: ReadParts,
  { list, partition }: ListPart,
  place: Place,
  limit: number,
): Promise<PageEntries> {
  const entries = `(${list.model.list?.entries}) source where true`;
  const counted = list.model.list?.count ? `(select count(*)::float8 from ${entries})` : 'null::float8';
  // Drawn while the statement runs, so after its snapshot: who sees that this transaction ended sees all that the page shows.
  const shown = list.state === 'building' ? '' : ', pg_current_xact_id()::text as shown';
  const { rows } = await db.transaction((tx) =>
    tx.query<Row & { shown?: string }>(`${pageSql(entries, counted, place)}${shown}`, [
      partition,
      limit + 1,
      ...(place ? [place.member] : []),
    ]),
  );
  if (rows[0]?.shown !== undefined) {
    const [xid, before] = [BigInt(rows[0].shown), floors.ofPartition(list.id, partition)?.shown ?? 0n];
    floors.setPartition(list.id, partition, { entries: null, ticket: null, shown: xid > before ? xid : before });
  }
  return fromRow(rows[0], place, limit, 'source');
}

type Row = { found: Buffer[] | null; behind: boolean; total: number | null };

/** `$1` partition, `$2` how many members, `$3` the place, if any: all that is to be known of a page, in one snapshot. */
function pageSql(entries: string, counted: string, place: Place): string {
  const backward = place?.side === 'before';
  const beyond = place ? ` and member ${backward ? '<' : '>'} $3::bytea` : '';
  const behind = place ? `exists (select from ${entries} and member ${backward ? '>=' : '<='} $3::bytea)` : 'false';
  return `select array(select member from ${entries}${beyond} order by member${backward ? ' desc' : ''} limit $2::integer) as found, ${behind} as behind, ${counted} as total`;
}

function fromRow(row: Row | undefined, place: Place, limit: number, tier: Tier): PageEntries {
  return { ...pageOf(place, row?.found ?? [], limit, row?.behind ?? false), total: row?.total ?? null, tier };
}
