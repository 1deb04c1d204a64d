import { EverwarmError } from '#contracts/errors.ts';

/** How many bytes of the list's definition hash a cursor begins with. */
const markBytes = 4;

/** The opaque cursor after this member of a list with this definition hash. */
export function encodeCursor(hash: string, member: Buffer): string {
  return Buffer.concat([mark(hash), member]).toString('base64url');
}

/** The member a cursor stands for. Throws E_CURSOR for anything that {@link encodeCursor} did not make for this definition. */
export function decodeCursor(list: string, hash: string, cursor: string): Buffer {
  const bytes = /^[A-Za-z0-9_-]{8,4096}$/.test(cursor) ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
  const member = bytes.subarray(markBytes);
  if (!bytes.subarray(0, markBytes).equals(mark(hash)) || memberKey(member) === null) {
    throw new EverwarmError(
      'E_CURSOR',
      `The cursor is not one of the list ${list}. Take "next" of a page as it is, or leave it out to start at the top.`,
      { context: { list } },
    );
  }
  return member;
}

/** The item key at the end of a member, or null when the bytes are not a member. */
export function memberKey(member: Buffer): string | null {
  if (member.length < 3) return null;
  const length = member.readUInt16BE(member.length - 2);
  const start = member.length - 2 - length;
  return start > 0 ? member.toString('utf8', start, member.length - 2) : null;
}

function mark(hash: string): Buffer {
  return Buffer.from(hash.slice(0, markBytes * 2), 'hex');
}
