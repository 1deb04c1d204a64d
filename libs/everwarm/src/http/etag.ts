import { createHash, hash as hashOnce } from 'node:crypto';
import { definitionHash } from '#model/compile.ts';
import type { AnyModel } from '#model/declare/define.ts';

/** The encodings in which a document may be sent, the one that is preferred first. */
export const encodings = ['br', 'gzip'] as const;

/** One of {@link encodings}. */
export type Encoding = (typeof encodings)[number];

/**
 * What the tags of a model's answers begin with: two definitions of one model, live side by side during a deploy, may give one key the
 * same version and other bytes.
 */
export function definitionMark(model: AnyModel): string {
  return String(Number.parseInt(definitionHash(model.compile()).slice(0, 8), 16));
}

/** Text for a tag of bytes that carry no version of their own. */
export function digestOf(first: Buffer | string, ...rest: readonly (Buffer | string)[]): string {
  if (rest.length === 0) return hashOnce('sha1', first, 'base64url');
  const hash = createHash('sha1').update(first);
  for (const part of rest) hash.update(part);
  return hash.digest('base64url');
}

/** A strong tag: bytes that were encoded are other bytes. */
export function tagOf(text: string, encoding: Encoding | null = null): string {
  return encoding === null ? `"${text}"` : `"${text}-${encoding}"`;
}

/**
 * The tag by which an If-None-Match header names this state, in whichever encoding; null when it does not. Compared weakly, as
 * RFC 9110 asks: a proxy may have put `W/` before it.
 */
export function namedTag(header: string, text: string): string | null {
  const plain = tagOf(text);
  if (header === plain || header === '*') return plain;
  const known = [plain, ...encodings.map((encoding) => tagOf(text, encoding))];
  for (const named of header.split(',')) {
    const tag = named.trim().replace(/^W\//, '');
    if (known.includes(tag)) return tag;
  }
  return null;
}
