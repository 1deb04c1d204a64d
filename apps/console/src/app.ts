import fastify, { type FastifyInstance } from 'fastify';
import type { Redis } from 'ioredis';
import { guardAccess } from './access.ts';
import { restrictPages } from './page-headers.ts';
import { sendProblem } from './problem.ts';
import { addQueueDashboard, dashboardPath } from './queue-dashboard.ts';

/** What the console stands on. The caller opens and closes the connection. */
export type ConsoleParts = { readonly redis: Redis; readonly token: string };

/** The console, not yet listening: the queue dashboard behind the token. */
export async function buildConsole({ redis, token }: ConsoleParts): Promise<FastifyInstance> {
  const app = fastify({ logger: false });
  restrictPages(app);
  guardAccess(app, token);
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, 404, 'no_route', 'There is no such page. See /queues.'));
  app.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 500;
    return sendProblem(
      request,
      reply,
      status,
      status === 500 ? 'internal' : 'bad_request',
      status === 500 ? 'The console failed.' : 'The request cannot be read.',
    );
  });
  app.get('/', (_request, reply) => reply.redirect(dashboardPath, 303));
  await addQueueDashboard(app, redis);
  return app;
}
