import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EverwarmError } from './errors.ts';
import { decodeStored, encodeEvicted, encodeHeader, formatVersion, headerLength, unwrittenVersion, versionLength } from './version.ts';

const epoch = fc.integer({ min: 1, max: 9999 });
const number = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

describe('versions', () => {
  it('order as text as their epochs and numbers do', () => {
    fc.assert(
      fc.property(epoch, number, epoch, number, (leftEpoch, left, rightEpoch, right) => {
        const isOlder = leftEpoch < rightEpoch || (leftEpoch === rightEpoch && left < right);
        expect(formatVersion(leftEpoch, left) < formatVersion(rightEpoch, right)).toBe(isOlder);
      }),
    );
  });

  it('keep their order where doubles lose it', () => {
    const [left, right] = [2n ** 53n, 2n ** 53n + 1n];
    expect(Number(left) < Number(right)).toBe(false);
    expect(formatVersion(1, left) < formatVersion(1, right)).toBe(true);
  });

  it('have one width, up to the end of a bigint sequence', () => {
    expect(formatVersion(1, 1n)).toBe('0001-0000000000000000001');
    for (const value of [0n, 9n, 10n ** 18n, 2n ** 63n - 1n]) expect(formatVersion(9999, value)).toHaveLength(versionLength);
  });
});

describe('a stored document', () => {
  it('is read back as it was written, its body byte for byte', () => {
    fc.assert(
      fc.property(epoch, number, fc.integer({ min: 0, max: 9_999_999_999_999 }), fc.uint8Array(), (of, value, asOf, bytes) => {
        const version = formatVersion(of, value);
        const header = encodeHeader(version, asOf, false);
        expect(header).toHaveLength(headerLength);
        expect(decodeStored(Buffer.concat([Buffer.from(header), bytes]))).toEqual({
          version,
          asOf,
          body: Buffer.from(bytes),
          evicted: false,
        });
      }),
    );
  });

  it('that is a tombstone has no body', () => {
    const version = formatVersion(1, 7n);
    expect(decodeStored(Buffer.from(encodeHeader(version, 5, true)))).toEqual({ version, asOf: 5, body: null, evicted: false });
  });

  it('that was evicted has no body, no moment, and the version below which nothing may come back', () => {
    const version = formatVersion(1, 7n);
    expect(decodeStored(Buffer.from(encodeEvicted(version)))).toEqual({ version, asOf: 0, body: null, evicted: true });
    expect(unwrittenVersion < formatVersion(1, 0n)).toBe(true);
  });

  it.each(['', 'x', '{"a":1}', 'x'.repeat(headerLength), 'x'.repeat(500)])('that Everwarm never wrote is refused: %j', (text) => {
    expect(() => decodeStored(Buffer.from(text))).toThrow(EverwarmError);
    expect(() => decodeStored(Buffer.from(text))).toThrow(/Give Everwarm a namespace of its own/);
  });
});
