import type { RawDocument } from 'everwarm';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isNamedBy, tagOfBytes } from './etag.ts';

/**
 * Answers with a document's bytes, untouched: a Buffer passes no serializer. `no-cache` lets clients keep a copy and has them ask
 * each time whether it is still the one (304). Without a version (derived just now, not stored) the tag comes from the bytes.
 */
export function sendDocument(request: FastifyRequest, reply: FastifyReply, { body, version, tier }: RawDocument): FastifyReply {
  const etag = version === null ? tagOfBytes(body) : `"${version}"`;
  reply
    .header('content-type', 'application/json; charset=utf-8')
    .header('etag', etag)
    .header('everwarm-tier', tier)
    .header('cache-control', 'no-cache');
  if (version !== null) reply.header('everwarm-version', version);
  const known = request.headers['if-none-match'];
  return known !== undefined && isNamedBy(known, etag) ? reply.code(304).send() : reply.send(body);
}
