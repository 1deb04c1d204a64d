import { type BlogDatabase, categoryPosts, postDetail, schema } from '@everwarm/blog';
import type { Everwarm, ReadModel } from 'everwarm';
import { createHandler, documentRoute, everwarmHttp, listRoute, sendToken } from 'everwarm/http';
import { createReader } from 'everwarm/reader';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/* The code of docs/guides/http.md, as it stands there. */

/** Serves the blog in both ways. The caller must stop the reader. */
export async function serveBoth(app: FastifyInstance, { postgres, redis }: { readonly postgres: string; readonly redis: string }) {
  // #region serve
  const reader = createReader({ postgres, redis });
  const routes = [
    documentRoute('/posts/:id', postDetail), // and /posts/:id/live
    listRoute('/categories/:id/posts', categoryPosts, { limit: 20, maxLimit: 100 }),
  ];

  await app.register(everwarmHttp, { reader, routes, prefix: '/api' }); // Fastify 5
  const handler = createHandler({ reader, routes, prefix: '/api' }); // Next, Hono, Bun, Deno: (Request) => Promise<Response>
  // #endregion
  return { reader, routes, handler };
}

/** Serves each of the owners their own, at the same paths. */
export async function serveOwners(
  app: FastifyInstance,
  options: Parameters<typeof everwarmHttp>[1],
  ownerOf: (request: FastifyRequest) => number,
) {
  // #region tenants
  await app.register(everwarmHttp, { ...options, tenant: (request) => ownerOf(request) });
  // #endregion
}

/** Takes away what is kept of an owner. */
export async function evictOwner(everwarm: Everwarm, orderPage: ReadModel) {
  // #region evict
  await everwarm.evictWhere(orderPage, { ownerId: 7 }); // all documents of a tenant
  await everwarm.evict('order_page', { ownerId: 7, id: 42 }); // one; by the model's name, since its own type of keys leaves the tenant out
  await everwarm.expireAfter('order_page', [{ ownerId: 7, id: 43 }], '10m');
  // #endregion
}

/** Takes comments, and tells their writers how to see them. */
export function takeComments(app: FastifyInstance, { db, everwarm }: { readonly db: BlogDatabase; readonly everwarm: Everwarm }) {
  const { comments } = schema;
  app.post<{ Body: typeof comments.$inferInsert }>('/comments', async ({ body: comment }, reply) => {
    // #region token
    const token = await db.transaction(async (tx) => {
      await tx.insert(comments).values(comment);
      return everwarm.token(tx);
    });
    sendToken(reply, token); // Everwarm-Token on the answer: Fastify, Hono, Node, Headers
    // #endregion
    return {};
  });
}
