import type { BlogDatabase, ViewStore } from '@everwarm/blog';
import type { Reader } from 'everwarm';
import fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { commandRoutes } from './commands/command-routes.ts';
import { healthRoutes } from './health.ts';
import { describeApi } from './openapi.ts';
import { postPageRoutes } from './pages/post-page.ts';
import { answerWithProblem, onUnknownRoute } from './problems/on-error.ts';
import { viewRoutes } from './views/view-routes.ts';

/** What the API stands on. The caller opens and closes all of it; `db` must know the blog's schema. */
export type ApiParts = {
  readonly reader: Reader;
  readonly db: BlogDatabase;
  /** Where views of posts wait to be counted. */
  readonly store: ViewStore;
  /** Told of what is not the client's doing. */
  readonly log: Logger;
};

/**
 * The blog over HTTP, not yet listening. Views and commands stand in scopes of their own, so that what commands need (validation)
 * costs no read anything. Fastify is given no logger: one makes a child and two listeners for every request, a tenth of a read, and
 * only failures are logged here.
 */
export async function buildApp({ reader, db, store, log }: ApiParts): Promise<FastifyInstance> {
  const onError = answerWithProblem(log);
  const app = fastify({ logger: false, frameworkErrors: onError });
  app.setErrorHandler(onError);
  app.setNotFoundHandler(onUnknownRoute);
  await describeApi(app);
  await app.register(async (scope) => viewRoutes(scope, reader, log));
  await app.register(async (scope) => commandRoutes(scope, db, store));
  await app.register(postPageRoutes);
  await app.register(async (scope) => healthRoutes(scope, { reader, db }));
  return app;
}
