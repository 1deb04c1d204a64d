import type { Generation } from '#contracts/compiled.ts';
import type { Transform } from '#contracts/transform.ts';
import { type CursorOf, encodeCursor, memberKey } from './cursor.ts';
import { failed, readDocuments } from './document-reader.ts';
import { readFreshDocuments } from './fresh-documents.ts';
import { entriesAsFresh, type From } from './fresh-entries.ts';
import { entriesFromPostgres, entriesFromRedis, entriesFromSource, type ListPart, type PageEntries, type Place } from './page-entries.ts';
import { type Freshness, withinRest } from './read-options.ts';
import type { RawDocument, ReadParts, Tier } from './read-parts.ts';
import { recallDocuments } from './recall.ts';
import { leaveOut } from './unmade.ts';

/**
 * One page of a list: its documents' bytes, each with a moment of its own, and where the pages next to it begin, null where there
 * is nothing. `total` is how many entries the partition has, null where the list does not count.
 */
export type RawPage = {
  readonly items: readonly RawDocument[];
  /** The items' keys, in the same order. */
  readonly keys: readonly string[];
  readonly next: string | null;
  readonly previous: string | null;
  readonly total: number | null;
  readonly tier: Tier;
  /** Whether something newer of the list's order is known to be on its way; null where nobody asked Postgres. Items say it for themselves. */
  readonly pending: boolean | null;
};

/** Which page: at most `limit` documents from the top, or next to a member; `transform` is the item model's. */
export type PageRequest = {
  readonly limit: number;
  readonly place: Place;
  readonly transform?: Transform | null;
  /** How fresh order and documents must be; absent or null: as they are. */
  readonly freshness?: Freshness | null;
};

/**
 * One page of one partition. The order comes from Redis where it holds all of the page, else from the projection table, else from
 * the sources; documents that one store lacks are read from the next one, and only those that cannot be made at all are left out.
 */
export async function readPage(
  parts: ReadParts,
  part: ListPart,
  item: Generation,
  { limit, place, transform = null, freshness = null }: PageRequest,
): Promise<RawPage> {
  const { list, partition } = part;
  const own: CursorOf = { hash: list.hash, partition };
  const startedAt = performance.now();
  const { entries, pending } = await entriesAsFresh(parts, part, freshness, (from) => readEntries(parts, part, place, limit, from));
  const keys = entries.members.map((member) => memberKey(member) ?? '');
  const documents = freshness
    ? await readFreshDocuments(parts, item, keys, withinRest(freshness, startedAt), transform, leaveOut)
    : await recallDocuments(parts, item, keys, (missing) => readDocuments(parts, item, missing, transform, leaveOut));
  // Of a page on which nothing is left, the cursor itself says where its neighbours begin.
  const first = entries.members[0] ?? place?.member;
  const last = entries.members.at(-1) ?? place?.member;
  return {
    items: documents.filter((document) => document !== null),
    keys: keys.filter((_, index) => documents[index] !== null),
    next: entries.follows && last ? encodeCursor(own, last) : null,
    previous: entries.precedes && first ? encodeCursor(own, first) : null,
    total: entries.total,
    tier: entries.tier,
    pending,
  };
}

async function readEntries(parts: ReadParts, part: ListPart, place: Place, limit: number, from: From): Promise<PageEntries> {
  const { stats, view } = parts;
  const page = { keys: 1, found: (entries: PageEntries | null) => (entries === null ? 0 : 1) };
  if (from === 'sources') return stats.asking(part.list, 'source', entriesFromSource(parts, part, place, limit), page);
  const ask = () => stats.asking(part.list, 'redis', entriesFromRedis(parts, part, place, limit), page);
  const held = view.trusted() ? await ask().catch((error: unknown) => failed(parts, error) ?? null) : null;
  return held ?? stats.asking(part.list, 'postgres', entriesFromPostgres(parts, part, place, limit), page);
}
