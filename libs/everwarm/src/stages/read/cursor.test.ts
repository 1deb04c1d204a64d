import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EverwarmError } from '#contracts/errors.ts';
import { decodeCursor, encodeCursor, memberKey } from './cursor.ts';

const own = { hash: 'deadbeef00112233deadbeef00112233', partition: '7' };

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
    decodeCursor('posts', own, cursor);
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
        const cursor = encodeCursor(own, member);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeCursor('posts', own, cursor)).toEqual(member);
        expect(memberKey(member)).toBe(text);
      }),
    );
  });

  it.each([
    ['another list, or another definition of the same', { ...own, hash: '0123456789abcdef' }],
    ['another partition', { ...own, partition: '8' }],
  ])('of %s is refused', (_, other) => {
    expect(refused(encodeCursor(other, memberOf(Buffer.from([1]), '7')))).toBe(true);
  });

  it('that was changed in one place is refused', () => {
    fc.assert(
      fc.property(sort, key, fc.nat(), fc.constantFrom('A', 'B', 'Z', 'a', 'z', '0', '-', '_'), (bytes, text, at, character) => {
        const cursor = encodeCursor(own, memberOf(bytes, text));
        const place = at % cursor.length;
        if (cursor[place] !== character) expect(refused(`${cursor.slice(0, place)}${character}${cursor.slice(place + 1)}`)).toBe(true);
      }),
    );
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
        const cursor = encodeCursor(own, memberOf(bytes, text)).slice(0, length);
        if (!refused(cursor)) expect(memberKey(decodeCursor('posts', own, cursor))).not.toBe(null);
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
