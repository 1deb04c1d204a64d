import type { Generation } from '#contracts/compiled.ts';
import { pageKey, projectionTable } from '#contracts/names.ts';
import type { Transform } from '#contracts/transform.ts';
import { decodeCursor, encodeCursor, memberKey } from './cursor.ts';
import { type RawDocument, type ReadParts, readDocuments, type Tier } from './document-reader.ts';

/** One page of a list: its documents' bytes, each with a moment of its own, and where the next page begins. */
export type RawPage = { readonly items: readonly RawDocument[]; readonly next: string | null; readonly tier: Tier };

/** Which page: at most `limit` documents after the cursor, or from the top; `transform` is the item model's. */
export type PageRequest = { readonly limit: number; readonly after: string | null; readonly transform?: Transform | null };

type Entries = { readonly members: readonly Buffer[]; readonly tier: Tier };

/**
 * One page of one partition. The order comes from Redis where its page is whole, else from the projection table, else from the
 * sources; documents that one store lacks are read from the next one and never skipped. Throws E_CURSOR.
 */
export async function readPage(
  parts: ReadParts,
  list: Generation,
  item: Generation,
  partition: string,
  { limit, after, transform = null }: PageRequest,
): Promise<RawPage> {
  const start = after === null ? null : decodeCursor(list.name, list.hash, after);
  const { members, tier } =
    list.state === 'building'
      ? await fromSource(parts, list, partition, start, limit + 1)
      : await fromStores(parts, list, partition, start, limit + 1);
  const page = members.slice(0, limit);
  const documents = await readDocuments(
    parts,
    item,
    page.map((member) => memberKey(member) ?? ''),
    transform,
  );
  const last = page.at(-1);
  return {
    items: documents.filter((document) => document !== null),
    next: members.length > limit && last ? encodeCursor(list.hash, last) : null,
    tier,
  };
}

async function fromStores(parts: ReadParts, list: Generation, partition: string, start: Buffer | null, count: number): Promise<Entries> {
  const page = pageKey(parts.space, list.id, partition);
  // The sentinel is the empty member, so a page begins after it: "(" alone excludes exactly the empty member.
  const from = Buffer.concat([Buffer.from('('), start ?? Buffer.alloc(0)]);
  const replies = await parts.redis
    .pipeline()
    .zscore(page, '')
    .zrangeBuffer(page, from, '+', 'BYLEX', 'LIMIT', 0, count)
    .exec()
    .catch(() => null);
  const [whole, members] = replies ?? [];
  if (whole?.[1] != null && members && !members[0]) return { members: members[1] as Buffer[], tier: 'redis' };
  const { rows } = await parts.db.query<{ member: Buffer }>(
    `select member from everwarm.${projectionTable(list.id)} where partition = $1 and member is not null and ($2::bytea is null or member > $2) order by member limit $3`,
    [partition, start, count],
  );
  return { members: rows.map((row) => row.member), tier: 'postgres' };
}

async function fromSource(parts: ReadParts, list: Generation, partition: string, start: Buffer | null, count: number): Promise<Entries> {
  const rows = await parts.db.transaction(
    async (tx) => (await tx.query<{ member: Buffer }>(list.model.list?.page ?? '', [partition, start, count])).rows,
  );
  return { members: rows.map((row) => row.member), tier: 'source' };
}
