import type { DocumentRoute, ListRoute, Served } from 'everwarm/http';
import type { FastifyContextConfig, FastifySchema } from 'fastify';
import { problemResponse } from '../openapi.ts';

const text = (description: string) => ({ type: 'string', description }) as const;

const certificate = {
  etag: text('Send it as If-None-Match: 304 while nothing changed'),
  'everwarm-tier': { type: 'string', enum: ['memory', 'redis', 'postgres', 'source'], description: 'Which store answered' },
  'everwarm-as-of': { type: 'string', format: 'date-time', description: 'The answer shows the database at least as of then' },
  age: { type: 'integer', minimum: 0, description: 'How many seconds ago that was' },
  'everwarm-pending': {
    type: 'string',
    enum: ['true', 'false'],
    description: 'Whether something newer is known to be on its way; absent where nobody asked',
  },
} as const;
const version = { 'everwarm-version': text('Goes up with every change; absent when the tier is "source"') } as const;
const id = { type: 'object', properties: { id: { type: 'string', pattern: '^[1-9][0-9]*$' } }, required: ['id'] } as const;
const asked = {
  type: 'object',
  properties: {
    'everwarm-after': text('Tokens of commits that the answer must show, separated by commas'),
    'if-none-match': text('The `etag` of an earlier answer'),
  },
} as const;
const notModified = { type: 'null', description: 'If-None-Match names this state' } as const;

/** What OpenAPI says of a read model's route. */
export function describeView({ route, live, path }: Served, summary: string): FastifyContextConfig {
  const schema = route.kind === 'list' ? pages(route) : live ? events(route) : document(route);
  const full = {
    tags: ['Read models'],
    summary: live ? `${summary}, followed` : summary,
    ...schema,
    ...(path.includes(':id') ? { params: id } : {}),
    response: { ...(schema.response as object), default: problemResponse },
  };
  return { swaggerTransform: () => ({ schema: full, url: path }) };
}

function document({ model }: DocumentRoute): FastifySchema & { description: string } {
  return {
    description: `The document of the read model \`${model.name}\`, as it is stored.`,
    headers: asked,
    response: { 200: ok({ ...certificate, ...version }, { type: 'object', additionalProperties: true }), 304: notModified },
  };
}

function events({ model }: DocumentRoute): FastifySchema & { description: string } {
  const content = { 'text/event-stream': { schema: { type: 'string' } } };
  return {
    description: `The document of the read model \`${model.name}\` as server-sent events: itself, then each newer version; \`gone\` when there is none.`,
    headers: { type: 'object', properties: { 'last-event-id': text('The version seen last, as browsers send it by themselves') } },
    response: { 200: { description: 'Events, each with its version as `id`', content } },
  };
}

function pages({ list, limit, maxLimit }: ListRoute): FastifySchema & { description: string } {
  const items = { type: 'array', items: { type: 'object', additionalProperties: true } };
  const next = { type: ['string', 'null'], description: 'The cursor of the next page; null on the last one' };
  const previous = { type: ['string', 'null'], description: 'The cursor of the page before; null on the first one' };
  const properties = {
    limit: { type: 'integer', minimum: 1, maximum: maxLimit, default: limit },
    after: text('The `next` of the page before'),
    before: text('The `previous` of the page after'),
  };
  return {
    description: `A page of the list \`${list.name}\`: documents of the read model \`${list.item.name}\`.`,
    headers: asked,
    querystring: { type: 'object', properties },
    response: {
      200: ok(certificate, { type: 'object', properties: { items, next, previous }, required: ['items', 'next', 'previous'] }),
      304: notModified,
    },
  };
}

function ok(headers: object, schema: object): object {
  return { description: 'The bytes as stored', headers, content: { 'application/json': { schema } } };
}
