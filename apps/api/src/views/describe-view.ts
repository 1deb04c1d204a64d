import type { FastifyContextConfig, FastifySchema } from 'fastify';
import { problemResponse } from '../openapi.ts';
import { maxLimit } from './page-request.ts';
import type { DocumentView, ListView } from './views.ts';

const headers = {
  etag: { type: 'string', description: 'Send it as If-None-Match: 304 while nothing changed' },
  'everwarm-tier': { type: 'string', enum: ['redis', 'postgres', 'source'], description: 'Which store answered' },
} as const;
const version = {
  'everwarm-version': { type: 'string', description: 'Goes up with every change; absent when the tier is "source"' },
} as const;
const id = { type: 'object', properties: { id: { type: 'string', pattern: '^[1-9][0-9]*$' } }, required: ['id'] } as const;
const notModified = { type: 'null', description: 'If-None-Match names this state' } as const;

/** What OpenAPI says of a document's route. */
export function describeDocument({ url, summary, model }: DocumentView): FastifyContextConfig {
  const body = { type: 'object', additionalProperties: true };
  return describe(url, {
    summary,
    description: `The document of the read model \`${model.name}\`, as it is stored.`,
    response: { 200: ok({ ...headers, ...version }, body), 304: notModified },
  });
}

/** What OpenAPI says of a list's route. */
export function describeList({ url, summary, list }: ListView): FastifyContextConfig {
  const items = { type: 'array', items: { type: 'object', additionalProperties: true } };
  const next = { type: ['string', 'null'], description: 'The cursor of the next page; null on the last one' };
  const previous = { type: ['string', 'null'], description: 'The cursor of the page before; null on the first one' };
  const limit = { type: 'integer', minimum: 1, maximum: maxLimit, default: 20 };
  const after = { type: 'string', description: 'The `next` of the page before' };
  const before = { type: 'string', description: 'The `previous` of the page after' };
  return describe(url, {
    summary,
    description: `A page of the list \`${list.name}\`: documents of the read model \`${list.item.name}\`.`,
    querystring: { type: 'object', properties: { limit, after, before } },
    response: {
      200: ok(headers, { type: 'object', properties: { items, next, previous }, required: ['items', 'next', 'previous'] }),
      304: notModified,
    },
  });
}

function ok(responseHeaders: object, schema: object): object {
  return { description: 'The bytes as stored', headers: responseHeaders, content: { 'application/json': { schema } } };
}

function describe(url: string, schema: FastifySchema): FastifyContextConfig {
  const full = {
    tags: ['Read models'],
    ...schema,
    ...(url.includes(':id') ? { params: id } : {}),
    response: { ...(schema.response as object), default: problemResponse },
  };
  return { swaggerTransform: () => ({ schema: full, url }) };
}
