import { type BlogDatabase, frontPage } from '@everwarm/blog';
import { sql } from 'drizzle-orm';
import type { Reader } from 'everwarm';
import type { FastifyInstance } from 'fastify';
import { RefusedRequest } from './problems/problem.ts';

/** What a probe may have to wait for. */
const patienceMs = 2000;

/**
 * /livez: this process answers. /readyz: it can serve, that is, read a page and reach Postgres; 503 with a problem document
 * otherwise. Redis being away does not make it unready: reads come from Postgres then.
 */
export function healthRoutes(scope: FastifyInstance, { reader, db }: { readonly reader: Reader; readonly db: BlogDatabase }): void {
  scope.get('/livez', { schema: { tags: ['Health'], summary: 'Whether the process answers' } }, async () => ({ status: 'live' }));
  scope.get('/readyz', { schema: { tags: ['Health'], summary: 'Whether reads and writes can be served' } }, async () => {
    await withinPatience(Promise.all([reader.rawList(frontPage, null, { limit: 1 }), db.execute(sql`select 1`)]));
    return { status: 'ready' };
  });
}

async function withinPatience(work: Promise<unknown>): Promise<void> {
  const { promise: late, reject } = deferred();
  const timer = setTimeout(
    () => reject(new RefusedRequest({ status: 503, code: 'unavailable', detail: `No answer within ${patienceMs} ms.` })),
    patienceMs,
  );
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function deferred(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  return { promise, reject };
}
