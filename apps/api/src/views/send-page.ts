import type { RawPage } from 'everwarm';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isNamedBy, tagOfBytes } from './etag.ts';

const opening = Buffer.from('{"items":[');
const comma = Buffer.from(',');

/**
 * Answers with a page: its documents' bytes between brackets, never parsed. The tag comes from all of these bytes, not from the
 * items' versions: documents written in one batch share a version, so that another item in the same place would go unnoticed.
 */
export function sendPage(request: FastifyRequest, reply: FastifyReply, page: RawPage): FastifyReply {
  const body = pageBytes(page);
  const etag = tagOfBytes(body);
  reply.header('content-type', 'application/json; charset=utf-8').header('etag', etag).header('everwarm-tier', page.tier);
  const known = request.headers['if-none-match'];
  return known !== undefined && isNamedBy(known, etag) ? reply.code(304).send() : reply.send(body);
}

function pageBytes({ items, next, previous }: RawPage): Buffer {
  const parts: Buffer[] = [opening];
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.push(comma);
    parts.push(item.body);
  }
  parts.push(Buffer.from(`],"next":${JSON.stringify(next)},"previous":${JSON.stringify(previous)}}`));
  return Buffer.concat(parts);
}
