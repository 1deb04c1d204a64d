import { createHash } from 'node:crypto';

/** A strong tag of bytes that carry no version of their own. */
export function tagOfBytes(body: Buffer): string {
  return `"${createHash('sha1').update(body).digest('base64url')}"`;
}

/** Whether an If-None-Match header names this tag. Compared weakly, as RFC 9110 asks: a proxy may have put `W/` before it. */
export function isNamedBy(header: string, etag: string): boolean {
  if (header === etag || header === '*') return true;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
