import type { RawDocument } from '#stages/read/read-parts.ts';
import { type Answer, jsonType } from './answer.ts';
import { digestOf, type Encoding, namedTag, tagOf } from './etag.ts';

/** How documents of one route are answered: `mark` is their definition's; `isEncoded` where they are sent in several encodings. */
export type Answering = { readonly mark: string; readonly cacheControl: string; readonly isEncoded: boolean };

/** The answer to a client that has this state already, in whichever encoding: 304 where If-None-Match names it, else null. */
export function unchangedAnswer(document: RawDocument, ifNoneMatch: string | undefined, answering: Answering): Answer | null {
  if (ifNoneMatch === undefined) return null;
  const known = namedTag(ifNoneMatch, tagText(document, answering));
  return known === null ? null : { status: 304, headers: certificate(document, known, answering), body: null };
}

/** Answers with a document's bytes as they are stored, or as their twin is. */
export function documentAnswer(
  document: RawDocument,
  { body, encoding }: { readonly body: Buffer; readonly encoding: Encoding | null },
  answering: Answering,
): Answer {
  const headers = certificate(document, tagOf(tagText(document, answering), encoding), answering);
  headers.push('content-type', jsonType, 'content-length', String(body.length));
  if (encoding !== null) headers.push('content-encoding', encoding);
  return { status: 200, headers, body };
}

/** The version names the state; without one (derived just now, not stored) the bytes do. */
function tagText({ version, body }: RawDocument, { mark }: Answering): string {
  return `${mark}-${version ?? digestOf(body)}`;
}

/** What an answer says of its own worth: version, moment, tier. Each header costs a share of a read, so there is none that says nothing. */
function certificate({ version, asOf, tier, pending }: RawDocument, tag: string, { cacheControl, isEncoded }: Answering): string[] {
  const headers = ['etag', tag, 'cache-control', cacheControl, 'everwarm-tier', tier, ...momentHeaders(asOf)];
  if (version !== null) headers.push('everwarm-version', version);
  if (pending !== null) headers.push('everwarm-pending', String(pending));
  if (isEncoded) headers.push('vary', 'accept-encoding');
  return headers;
}

/** Documents of one batch are of one moment, so its text is asked for again and again. */
const moments = new Map<number, string>();
const mostMoments = 5000;

function textOf(moment: number): string {
  const known = moments.get(moment);
  if (known !== undefined) return known;
  if (moments.size >= mostMoments) moments.clear();
  const text = new Date(moment).toISOString();
  moments.set(moment, text);
  return text;
}

/** As of when an answer shows the database, and how many seconds ago that was. */
export function momentHeaders(asOf: number): [string, string, string, string] {
  const seconds = Math.max(0, Math.floor((Date.now() - asOf) / 1000));
  return ['everwarm-as-of', textOf(asOf), 'age', String(seconds)];
}
