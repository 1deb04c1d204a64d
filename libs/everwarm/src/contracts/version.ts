import { EverwarmError } from './errors.ts';

/**
 * A version is `EEEE-NNNNNNNNNNNNNNNNNNN`: the epoch's ordinal and a number drawn from one sequence, both zero-padded, so
 * that text order is number order in Postgres, Redis (whose Lua numbers lose order above 2^53) and JavaScript alike.
 */
export type Version = string;

/** How many characters a version has. */
export const versionLength = 24;

/** Whether a text is a version. */
export function isVersion(text: string): boolean {
  return /^\d{4}-\d{19}$/.test(text);
}

/** The version with this epoch ordinal (1 to 9999) and sequence number. */
export function formatVersion(epoch: number, number: bigint): Version {
  return `${String(epoch).padStart(4, '0')}-${String(number).padStart(19, '0')}`;
}

/** The version below all that are drawn: of what some reader learned from the sources, and no writer wrote. Whatever is written replaces it. */
export const unwrittenVersion: Version = '0000-0000000000000000000';

/** What Redis holds for a document: `version`, a kind, when the document was computed (milliseconds), then its bytes. */
export type StoredDocument = {
  readonly version: Version;
  /** Milliseconds since 1970: the document shows the database at least as of then. 0 for what was evicted. */
  readonly asOf: number;
  /** The JSON text's UTF-8 bytes, or null for a tombstone and for what was evicted. */
  readonly body: Buffer | null;
  /** Nothing is known of the key, but that no write below this version may come back: to a reader it is not there. */
  readonly evicted: boolean;
};

/** Bytes before the body in a Redis value: the version, one byte of kind (`d`ocument, `t`ombstone or `e`victed), thirteen digits of time. */
export const headerLength = versionLength + 1 + 13;

/** The header for a Redis value; the body, if any, is appended as it is. */
export function encodeHeader(version: Version, asOf: number, tombstone: boolean): string {
  return `${version}${tombstone ? 't' : 'd'}${String(asOf).padStart(13, '0')}`;
}

/** The value that says that what stood under any lower version was evicted. */
export function encodeEvicted(version: Version): string {
  return `${version}e${'0'.repeat(13)}`;
}

/** Reads a Redis value without copying its body. Throws E_REDIS_UNFIT when the key holds something Everwarm never wrote. */
export function decodeStored(value: Buffer): StoredDocument {
  const kind = value.length >= headerLength ? value[versionLength] : 0;
  if (kind !== 0x64 && kind !== 0x74 && kind !== 0x65) {
    throw new EverwarmError('E_REDIS_UNFIT', 'A Redis key of Everwarm holds a value it never wrote. Give Everwarm a namespace of its own.');
  }
  return {
    version: value.toString('latin1', 0, versionLength),
    asOf: wholeNumberIn(value, versionLength + 1, headerLength),
    body: kind === 0x64 ? value.subarray(headerLength) : null,
    evicted: kind === 0x65,
  };
}

/** The number that these digits say. Without a text on the way: every document that is read comes by here. */
function wholeNumberIn(digits: Buffer, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) number = number * 10 + digits[at]! - 0x30;
  return number;
}
