import type { Reader } from 'everwarm';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from '../problems/problem.ts';
import { describeDocument, describeList } from './describe-view.ts';
import { readPageRequest } from './page-request.ts';
import { sendDocument } from './send-document.ts';
import { sendPage } from './send-page.ts';
import { type DocumentView, documentViews, type ListView, listViews } from './views.ts';

type ById = { Params: { id: string }; Querystring: Record<string, unknown> };

/**
 * Every read model over HTTP. The caller must register it in a scope without validators, serializers or hooks: each one costs a
 * share of every read (helmet alone halves the rate). What a route is for is told to OpenAPI by its config, since a schema would be
 * compiled and run.
 */
export function viewRoutes(scope: FastifyInstance, reader: Reader): void {
  for (const view of documentViews) scope.get<ById>(view.url, { config: describeDocument(view) }, documentHandler(reader, view));
  for (const view of listViews) scope.get<ById>(view.url, { config: describeList(view) }, listHandler(reader, view));
}

function documentHandler(reader: Reader, { model, noun }: DocumentView) {
  return async (request: FastifyRequest<ById>, reply: FastifyReply) => {
    const document = await reader.raw(model, request.params.id);
    if (document !== null) return sendDocument(request, reply, document);
    return sendProblem(request, reply, { status: 404, code: 'not_found', detail: `There is no ${noun} ${request.params.id}.` });
  };
}

function listHandler(reader: Reader, { list, url }: ListView) {
  const hasPartition = url.includes(':id');
  return async (request: FastifyRequest<ById>, reply: FastifyReply) => {
    const partition = hasPartition ? request.params.id : null;
    return sendPage(request, reply, await reader.rawList(list, partition, readPageRequest(request.query)));
  };
}
