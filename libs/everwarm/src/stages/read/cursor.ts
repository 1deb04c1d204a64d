import { crc32 } from 'node:zlib';
import { EverwarmError } from '#contracts/errors.ts';

/** A cursor begins with four bytes of the list's definition hash; after four more of its checksum comes the member. */
const [sumAt, memberAt] = [4, 8];

/** Whose cursors: one partition of one list with this definition hash. */
export type CursorOf = { readonly hash: string; readonly partition: string };

/** The opaque cursor after this member. */
export function encodeCursor(of: CursorOf, member: Buffer): string {
  const bytes = Buffer.allocUnsafe(memberAt + member.length);
  bytes.writeUInt32BE(mark(of));
  bytes.writeUInt32BE(sum(of, member), sumAt);
  member.copy(bytes, memberAt);
  return bytes.toString('base64url');
}

/**
 * The member a cursor stands for. Throws E_CURSOR for anything that {@link encodeCursor} did not make for this definition and partition.
 * The checksum is no secret: it tells mistakes, and who makes one up is shown a page of the same partition.
 */
export function decodeCursor(list: string, of: CursorOf, cursor: string): Buffer {
  const bytes = /^[A-Za-z0-9_-]{8,4096}$/.test(cursor) ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
  const member = bytes.subarray(memberAt);
  const isOwn =
    memberKey(member) !== null &&
    bytes.readUInt32BE() === mark(of) &&
    bytes.readUInt32BE(sumAt) === sum(of, member) &&
    // Of a last character that says less than six bits there are several.
    bytes.toString('base64url') === cursor;
  if (isOwn) return member;
  throw new EverwarmError(
    'E_CURSOR',
    `The cursor is not one of the list ${list}. Take "next" of a page as it is, or leave it out to start at the top.`,
    { context: { list } },
  );
}

/** The item key at the end of a member, or null when the bytes are not a member. */
export function memberKey(member: Buffer): string | null {
  if (member.length < 3) return null;
  const length = member.readUInt16BE(member.length - 2);
  const start = member.length - 2 - length;
  return start > 0 ? member.toString('utf8', start, member.length - 2) : null;
}

function mark({ hash }: CursorOf): number {
  return Number.parseInt(hash.slice(0, 2 * sumAt), 16);
}

function sum({ partition }: CursorOf, member: Buffer): number {
  return crc32(member, crc32(partition));
}
