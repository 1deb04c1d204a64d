import type { BlogDatabase } from '@everwarm/blog';
import type { Reader } from 'everwarm';
import fastify, { type FastifyInstance, LogController } from 'fastify';
import { commandRoutes } from './commands/command-routes.ts';
import { healthRoutes } from './health.ts';
import { describeApi } from './openapi.ts';
import { answerProblems, onError } from './problems/on-error.ts';
import { viewRoutes } from './views/view-routes.ts';

/** What the API stands on. The caller opens and closes both; `db` must know the blog's schema. */
export type ApiParts = {
  readonly reader: Reader;
  readonly db: BlogDatabase;
  /** Default warn. */
  readonly logLevel?: string;
};

/**
 * The blog over HTTP, not yet listening. Views and commands stand in scopes of their own, so that what commands need (validation)
 * costs no read anything.
 */
export async function buildApp({ reader, db, logLevel = 'warn' }: ApiParts): Promise<FastifyInstance> {
  const app = fastify({
    logger: { level: logLevel },
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: onError,
  });
  answerProblems(app);
  await describeApi(app);
  await app.register(async (scope) => viewRoutes(scope, reader));
  await app.register(async (scope) => commandRoutes(scope, db));
  await app.register(async (scope) => healthRoutes(scope, { reader, db }));
  return app;
}
