import { crc32 } from 'node:zlib';
import { EverwarmError } from '#contracts/errors.ts';

/** How many bytes of the list's definition hash a cursor begins with, and how many of its checksum follow. */
const markBytes = 4;
const sumBytes = 4;

/** Whose cursors: one partition of one list with this definition hash. */
export type CursorOf = { readonly hash: string; readonly partition: string };

/** The opaque cursor after this member. */
export function encodeCursor(of: CursorOf, member: Buffer): string {
  return Buffer.concat([mark(of), sum(of, member), member]).toString('base64url');
}

/**
 * The member a cursor stands for. Throws E_CURSOR for anything that {@link encodeCursor} did not make for this definition and partition.
 * The checksum is no secret: it tells mistakes, and who makes one up is shown a page of the same partition.
 */
export function decodeCursor(list: string, of: CursorOf, cursor: string): Buffer {
  const bytes = /^[A-Za-z0-9_-]{8,4096}$/.test(cursor) ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
  const member = bytes.subarray(markBytes + sumBytes);
  const isOwn =
    memberKey(member) !== null &&
    bytes.subarray(0, markBytes).equals(mark(of)) &&
    bytes.subarray(markBytes, markBytes + sumBytes).equals(sum(of, member)) &&
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

function mark({ hash }: CursorOf): Buffer {
  return Buffer.from(hash.slice(0, markBytes * 2), 'hex');
}

function sum({ partition }: CursorOf, member: Buffer): Buffer {
  const bytes = Buffer.alloc(sumBytes);
  bytes.writeUInt32BE(crc32(member, crc32(partition)));
  return bytes;
}
