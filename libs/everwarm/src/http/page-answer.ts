import type { RawPage } from '#stages/read/list-reader.ts';
import { type Answer, jsonType } from './answer.ts';
import { momentHeaders } from './document-answer.ts';
import { digestOf, namedTag, tagOf } from './etag.ts';

const opening = Buffer.from('{"items":[');
const comma = Buffer.from(',');

/**
 * Answers with a page: its documents' bytes between brackets, never parsed. The tag comes from the items' keys and versions and from
 * what stands around them: documents written in one batch share a version, and a key and a version have one body. The moment is that
 * of the oldest document.
 */
export function pageAnswer(
  page: RawPage,
  ifNoneMatch: string | undefined,
  { mark, cacheControl }: { readonly mark: string; readonly cacheControl: string },
): Answer {
  const text = `${mark}-${stateOf(page)}`;
  const known = ifNoneMatch === undefined ? null : namedTag(ifNoneMatch, text);
  const headers = ['etag', known ?? tagOf(text), 'cache-control', cacheControl, 'everwarm-tier', page.tier];
  if (page.items.length > 0) headers.push(...momentHeaders(page.items.reduce((oldest, { asOf }) => Math.min(oldest, asOf), Infinity)));
  if (page.pending !== null) headers.push('everwarm-pending', String(page.pending));
  if (known !== null) return { status: 304, headers, body: null };
  const body = pageBytes(page);
  headers.push('content-type', jsonType, 'content-length', String(body.length));
  return { status: 200, headers, body };
}

function stateOf({ items, keys, next, previous, total }: RawPage): string {
  let state = `${next} ${previous} ${total}`;
  const derived: Buffer[] = [];
  for (const [index, { version, body }] of items.entries()) {
    const key = keys[index] ?? '';
    // Its length tells where a key ends, whatever is in it.
    state += ` ${key.length} ${key} ${version}`;
    // What was derived just now has no version: its bytes are its state.
    if (version === null) derived.push(body);
  }
  return digestOf(state, ...derived);
}

function pageBytes({ items, next, previous, total }: RawPage): Buffer {
  const parts: Buffer[] = [opening];
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.push(comma);
    parts.push(item.body);
  }
  const count = total === null ? '' : `,"total":${total}`;
  parts.push(Buffer.from(`],"next":${JSON.stringify(next)},"previous":${JSON.stringify(previous)}${count}}`));
  return Buffer.concat(parts);
}
