import type { Reader } from 'everwarm';
import { everwarmHttp } from 'everwarm/http';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { describeView } from './describe-view.ts';
import { views } from './views.ts';

/**
 * Every read model over HTTP. The caller must register it in a scope without hooks: each one costs a share of every read (helmet alone
 * halves the rate). What a route is for is told to OpenAPI by its config, since a schema would be compiled and run.
 */
export async function viewRoutes(scope: FastifyInstance, reader: Reader, log: Logger): Promise<void> {
  const summaries = new Map(views.map(({ route, summary }) => [route, summary]));
  await scope.register(everwarmHttp, {
    reader,
    routes: views.map(({ route }) => route),
    config: (served) => describeView(served, summaries.get(served.route) ?? ''),
    onError: (err, url) => log.error({ err, url }, 'a read failed'),
  });
}
