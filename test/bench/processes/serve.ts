import fastify, { type FastifyReply } from 'fastify';
import { untilStopped } from './process.ts';

/**
 * Serves `GET /posts/:id` with nothing around it, on a free port, until the harness stops this process.
 * `answer` must send the reply; `close` ends what it stands on.
 */
export async function servePosts(
  answer: (reply: FastifyReply, id: string) => FastifyReply | Promise<FastifyReply>,
  close: () => unknown = () => undefined,
): Promise<void> {
  const app = fastify();
  app.get<{ Params: { id: string } }>('/posts/:id', (request, reply) => answer(reply, request.params.id));
  console.log(`listening on ${await app.listen({ host: '127.0.0.1', port: 0 })}`);
  await untilStopped(async () => {
    await app.close();
    await close();
  });
}

/** What every server says of its body. */
export const contentType = 'application/json; charset=utf-8';
