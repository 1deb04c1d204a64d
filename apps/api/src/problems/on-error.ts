import { BlogError } from '@everwarm/blog';
import { EverwarmError } from 'everwarm';
import { problemOf as problemOfEngine } from 'everwarm/http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { blogProblem } from './blog-problem.ts';
import { databaseProblem } from './database-problem.ts';
import { type Problem, RefusedRequest, sendProblem } from './problem.ts';
import { requestProblem } from './request-problem.ts';

/**
 * The error handler of the application, and of what fails before a route is found (Fastify's `frameworkErrors`): every failure
 * becomes a problem document. What is not the client's doing is logged with its cause under the request's id, and the document
 * carries nothing of it.
 */
export function answerWithProblem(log: Logger) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = problemOf(error) ?? unexpected(request);
    if (problem.status >= 500) log.error({ err: error, id: request.id, method: request.method, url: request.url }, problem.code);
    void sendProblem(request, reply, problem);
  };
}

/** The answer where there is no route. */
export function onUnknownRoute(request: FastifyRequest, reply: FastifyReply): void {
  const detail = `There is no ${request.method} ${request.url.split('?')[0]}. See /docs.`;
  void sendProblem(request, reply, { status: 404, code: 'no_route', detail });
}

function problemOf(error: FastifyError): Problem | undefined {
  if (error instanceof RefusedRequest) return error.problem;
  if (error instanceof EverwarmError) return problemOfEngine(error);
  if (error instanceof BlogError) return blogProblem(error);
  return databaseProblem(error) ?? requestProblem(error);
}

function unexpected({ id }: FastifyRequest): Problem {
  return { status: 500, code: 'internal', detail: `The server failed to answer. Its log has the reason under ${id}.` };
}
