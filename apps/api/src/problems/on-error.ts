import { BlogError } from '@everwarm/blog';
import { EverwarmError } from 'everwarm';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { blogProblem } from './blog-problem.ts';
import { databaseProblem } from './database-problem.ts';
import { everwarmProblem } from './everwarm-problem.ts';
import { type Problem, RefusedRequest, sendProblem } from './problem.ts';
import { requestProblem } from './request-problem.ts';

/**
 * Answers every failure of an application with a problem document. What is not the client's doing is logged with its cause under
 * the request's id, and the document carries nothing of it.
 */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler(onError);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, {
      status: 404,
      code: 'no_route',
      detail: `There is no ${request.method} ${request.url.split('?')[0]}. See /docs.`,
    }),
  );
}

/** The error handler; also for what fails before a route is found (Fastify's `frameworkErrors`). */
export function onError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error) ?? unexpected(request);
  if (problem.status >= 500) request.log.error({ err: error, id: request.id, method: request.method, url: request.url }, problem.code);
  void sendProblem(request, reply, problem);
}

function problemOf(error: FastifyError): Problem | undefined {
  if (error instanceof RefusedRequest) return error.problem;
  if (error instanceof EverwarmError) return everwarmProblem(error);
  if (error instanceof BlogError) return blogProblem(error);
  return databaseProblem(error) ?? requestProblem(error);
}

function unexpected({ id }: FastifyRequest): Problem {
  return { status: 500, code: 'internal', detail: `The server failed to answer. Its log has the reason under ${id}.` };
}
