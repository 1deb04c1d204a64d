import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EverwarmError } from '#contracts/errors.ts';
import { decodeCursor, encodeCursor, memberKey } from './cursor.ts';

const hash = 'deadbeef00112233deadbeef00112233';

/** A member as the list's SQL builds it: sort bytes, the key's text, its length in two bytes. */
function memberOf(sort: Uint8Array, key: string): Buffer {
  const text = Buffer.from(key);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([sort, text, length]);
}

const sort = fc.uint8Array({ minLength: 1, maxLength: 40 });
const key = fc.string({ unit: 'grapheme', maxLength: 40 });

function refused(cursor: string): boolean {
  try {
    decodeCursor('posts', hash, cursor);
    return false;
  } catch (error) {
    if (error instanceof EverwarmError && error.code === 'E_CURSOR' && error.message.includes('the list posts')) return true;
    throw error;
  }
}

describe('a cursor', () => {
  it('stands for the member it was made from, and is fit for a URL', () => {
    fc.assert(
      fc.property(sort, key, (bytes, text) => {
        const member = memberOf(bytes, text);
        const cursor = encodeCursor(hash, member);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeCursor('posts', hash, cursor)).toEqual(member);
        expect(memberKey(member)).toBe(text);
      }),
    );
  });

  it('of another list, or of another definition of the same, is refused', () => {
    const cursor = encodeCursor('0123456789abcdef', memberOf(Buffer.from([1]), '7'));
    expect(refused(cursor)).toBe(true);
  });

  it.each(['', 'x', '%%%', 'null', '-1', 'a b', '../../etc', 'é'.repeat(20), 'A'.repeat(5000), '3q2-7w', '3q2-7wAA', '3q2-7w//AAAA'])(
    'that nobody made is refused: %j',
    (cursor) => {
      expect(refused(cursor)).toBe(true);
    },
  );

  it('that was cut or padded is refused or stands for other bytes, and never fails otherwise', () => {
    fc.assert(
      fc.property(sort, key, fc.nat({ max: 60 }), (bytes, text, length) => {
        const cursor = encodeCursor(hash, memberOf(bytes, text)).slice(0, length);
        if (!refused(cursor)) expect(memberKey(decodeCursor('posts', hash, cursor))).not.toBe(null);
      }),
    );
  });

  it('made of any text is refused or decoded, never an error of another kind', () => {
    fc.assert(
      fc.property(fc.base64String({ maxLength: 60 }), fc.string(), (encoded, text) =>
        [encoded, text].every((one) => typeof refused(one) === 'boolean'),
      ),
    );
  });
});

describe('the key in a member', () => {
  it.each([Buffer.alloc(0), Buffer.from([0, 0]), Buffer.from([0, 1, 0]), Buffer.from([1, 255, 255]), Buffer.from([65, 0, 1])])(
    'is not found in bytes that are none: %j',
    (bytes) => {
      expect(memberKey(bytes)).toBe(null);
    },
  );

  it('may be the empty text', () => {
    expect(memberKey(memberOf(Buffer.from([0]), ''))).toBe('');
  });
});
