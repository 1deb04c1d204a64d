import type { RawDocument } from 'everwarm';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isNamedBy, tagOfBytes } from './etag.ts';

/**
 * Answers with a document's bytes, untouched: a Buffer passes no serializer. 304 while If-None-Match names its version. Without one
 * (derived just now, not stored) the tag comes from the bytes.
 */
export function sendDocument(request: FastifyRequest, reply: FastifyReply, { body, version, tier }: RawDocument): FastifyReply {
  const etag = version === null ? tagOfBytes(body) : `"${version}"`;
  reply.header('content-type', 'application/json; charset=utf-8').header('etag', etag).header('everwarm-tier', tier);
  if (version !== null) reply.header('everwarm-version', version);
  const known = request.headers['if-none-match'];
  return known !== undefined && isNamedBy(known, etag) ? reply.code(304).send() : reply.send(body);
}
