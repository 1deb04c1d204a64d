import type { Generation } from '#contracts/compiled.ts';
import type { Transform } from '#contracts/transform.ts';
import { decodeCursor, encodeCursor, memberKey } from './cursor.ts';
import { readDocuments } from './document-reader.ts';
import { entriesFromPostgres, entriesFromRedis, entriesFromSource, type ListPart, type PageEntries, type Place } from './page-entries.ts';
import type { RawDocument, ReadParts, Tier } from './read-parts.ts';
import { leaveOut } from './unmade.ts';

/**
 * One page of a list: its documents' bytes, each with a moment of its own, and where the pages next to it begin, null where there
 * is nothing. `total` is how many entries the partition has, null where the list does not count.
 */
export type RawPage = {
  readonly items: readonly RawDocument[];
  readonly next: string | null;
  readonly previous: string | null;
  readonly total: number | null;
  readonly tier: Tier;
};

/** Which page: at most `limit` documents from the top, after a cursor or before one; `transform` is the item model's. */
export type PageRequest = {
  readonly limit: number;
  readonly cursor: { readonly side: 'after' | 'before'; readonly text: string } | null;
  readonly transform?: Transform | null;
};

/**
 * One page of one partition. The order comes from Redis where it holds all of the page, else from the projection table, else from
 * the sources; documents that one store lacks are read from the next one, and only those that cannot be made at all are left out. Throws E_CURSOR.
 */
export async function readPage(
  parts: ReadParts,
  part: ListPart,
  item: Generation,
  { limit, cursor, transform = null }: PageRequest,
): Promise<RawPage> {
  const { list } = part;
  const place: Place = cursor && { side: cursor.side, member: decodeCursor(list.name, list.hash, cursor.text) };
  const entries = await readEntries(parts, part, place, limit);
  const keys = entries.members.map((member) => memberKey(member) ?? '');
  const documents = await readDocuments(parts, item, keys, transform, leaveOut);
  // Of a page on which nothing is left, the cursor itself says where its neighbours begin.
  const first = entries.members[0] ?? place?.member;
  const last = entries.members.at(-1) ?? place?.member;
  return {
    items: documents.filter((document) => document !== null),
    next: entries.follows && last ? encodeCursor(list.hash, last) : null,
    previous: entries.precedes && first ? encodeCursor(list.hash, first) : null,
    total: entries.total,
    tier: entries.tier,
  };
}

async function readEntries(parts: ReadParts, part: ListPart, place: Place, limit: number): Promise<PageEntries> {
  if (part.list.state === 'building') return entriesFromSource(parts, part, place, limit);
  return (await entriesFromRedis(parts, part, place, limit)) ?? entriesFromPostgres(parts, part, place, limit);
}
