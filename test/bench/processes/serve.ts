import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { untilStopped } from './process.ts';

/** A request for one thing, or for several by a query. */
export type Asking = FastifyRequest<{ Params: { id: string }; Querystring: Readonly<Record<string, string>> }>;

/**
 * Serves `GET` of one path with nothing around it, on a free port, until the harness stops this process. `answer` must send the reply;
 * `close` ends what it stands on.
 */
export async function serve(
  path: string,
  answer: (reply: FastifyReply, request: Asking) => FastifyReply | Promise<FastifyReply>,
  close: () => unknown = () => undefined,
): Promise<void> {
  const app = fastify();
  app.get<{ Params: { id: string }; Querystring: Record<string, string> }>(path, (request, reply) => answer(reply, request));
  console.log(`listening on ${await app.listen({ host: '127.0.0.1', port: 0 })}`);
  await untilStopped(async () => {
    await app.close();
    await close();
  });
}

/** Serves `GET /posts/:id` as {@link serve} does. */
export function servePosts(
  answer: (reply: FastifyReply, id: string) => FastifyReply | Promise<FastifyReply>,
  close?: () => unknown,
): Promise<void> {
  return serve('/posts/:id', (reply, { params }) => answer(reply, params.id), close);
}

/** What every server says of its body. */
export const contentType = 'application/json; charset=utf-8';

const [opening, comma, closing] = [Buffer.from('['), Buffer.from(','), Buffer.from(']')];

/** The JSON array of these texts, which are not looked into. */
export function joinJson(texts: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [opening];
  for (const [index, text] of texts.entries()) {
    if (index > 0) parts.push(comma);
    parts.push(text);
  }
  parts.push(closing);
  return Buffer.concat(parts);
}
