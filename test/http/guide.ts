import { type BlogDatabase, categoryPosts, postDetail, schema } from '@everwarm/blog';
import type { Everwarm } from 'everwarm';
import { createHandler, documentRoute, everwarmHttp, listRoute, sendToken } from 'everwarm/http';
import { createReader } from 'everwarm/reader';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/* The code of docs/guides/http.md, as it stands there. */

/** Serves the blog in both ways. */
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
  return { reader, handler };
}

/** Writes a comment, and tells its writer how to see it. */
export async function commentAndTell(
  { db, everwarm }: { readonly db: BlogDatabase; readonly everwarm: Everwarm },
  comment: typeof schema.comments.$inferInsert,
  reply: FastifyReply,
): Promise<void> {
  const { comments } = schema;
  // #region token
  const token = await db.transaction(async (tx) => {
    await tx.insert(comments).values(comment);
    return everwarm.token(tx);
  });
  sendToken(reply, token); // Everwarm-Token on the answer: Fastify, Hono, Node, Headers
  // #endregion
}

/** Serves each of the owners their own. */
export async function serveOwners(
  app: FastifyInstance,
  options: Parameters<typeof everwarmHttp>[1],
  ownerOf: (request: FastifyRequest) => number,
) {
  // #region tenants
  await app.register(everwarmHttp, { ...options, tenant: (request) => ownerOf(request) });
  // #endregion
}
