import { expect, test } from 'vitest';
import { checkEpoch, decodeToken, encodeToken, epochIn } from './token.ts';

const commit = { epoch: '0a1b2c3d', xid: 742n };

test('a token is read as it was made, up to the largest id', () => {
  for (const xid of [3n, 742n, 2n ** 32n, 2n ** 64n - 1n]) {
    const token = encodeToken({ ...commit, xid });
    expect(token).toMatch(/^[\w-]{14,40}$/);
    expect(decodeToken(token)).toEqual({ ...commit, xid });
  }
});

const text = (value: string) => Buffer.from(value).toString('base64url');

test.each([
  ['nothing', ''],
  ['anything', 'hello, world'],
  ['ten kilobytes', 'A'.repeat(10_000)],
  ['a line break behind it', `${encodeToken(commit)}\n`],
  ['padding', `${encodeToken(commit)}=`],
  ['no id', text('0a1b2c3d.')],
  ['an id that no transaction has', text('0a1b2c3d.0')],
  ['an id beyond all', text(`0a1b2c3d.${2n ** 64n}`)],
  ['an id written otherwise', text('0a1b2c3d.00742')],
  ['another alphabet', text('0A1B2C3D.742')],
  ['more than that', text('0a1b2c3d.742 or true')],
])('%s is no token', (_, token) => {
  expect(() => decodeToken(token)).toThrow(expect.objectContaining({ code: 'E_TOKEN' }));
});

test('an id means nothing in another epoch', () => {
  expect(epochIn({ epoch: '12-0a1b2c3d' })).toBe('0a1b2c3d');
  expect(() => checkEpoch(commit, '0a1b2c3d')).not.toThrow();
  expect(() => checkEpoch(commit, 'ffffffff')).toThrow(/ffffffff/);
  expect(() => checkEpoch(commit, '')).toThrow(expect.objectContaining({ code: 'E_TOKEN' }));
});
