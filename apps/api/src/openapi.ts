import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';

/** What any operation answers when it does not succeed. */
export const problemResponse = {
  description: 'Why not',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
} as const;

const text = (description: string) => ({ type: 'string' as const, description });

const openapi: NonNullable<FastifyDynamicSwaggerOptions['openapi']> = {
  openapi: '3.1.0',
  info: {
    title: 'The blog',
    version: '1',
    description: 'Reads come from read models that follow every write; commands write to PostgreSQL alone.',
  },
  tags: [
    { name: 'Read models', description: 'Bytes as they are stored, with ETag and version' },
    { name: 'Members' },
    { name: 'Posts' },
    { name: 'Comments' },
    { name: 'Votes' },
    { name: 'Views' },
    { name: 'Labels', description: 'Categories and tags' },
    { name: 'Health' },
  ],
  components: {
    schemas: {
      Problem: {
        type: 'object',
        description: 'A problem document (RFC 9457)',
        required: ['type', 'title', 'status', 'detail', 'instance', 'code'],
        properties: {
          type: { type: 'string' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: text('One sentence for a person'),
          instance: text('The path that was asked for'),
          code: text('Stable: programs may branch on it'),
          errors: {
            type: 'array',
            description: 'The fields that are not as they must be',
            items: { type: 'object', required: ['path', 'message'], properties: { path: { type: 'string' }, message: { type: 'string' } } },
          },
        },
      },
    },
  },
};

/** The OpenAPI document at /docs/json and its page at /docs. The caller must register it before the routes it is to describe. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi,
    transform: (route) => {
      const { schema, url } = jsonSchemaTransform(route);
      const { response } = (schema ?? {}) as { response?: object };
      return { schema: { ...schema, response: { ...response, default: problemResponse } }, url };
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
}
