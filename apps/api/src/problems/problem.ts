import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** One field of a request that is not as it must be; `path` is empty where the whole input is meant. */
export type FieldError = { readonly path: string; readonly message: string };

/** Why a request was not answered, in words that may leave the house: no SQL, host names or stack traces. */
export type Problem = {
  readonly status: number;
  /** Stable: programs may branch on it. */
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
};

/** A request that the API itself refuses; what the blog or the engine refuse comes as their own errors. */
export class RefusedRequest extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail, options);
    this.name = 'RefusedRequest';
    this.problem = problem;
  }
}

/** The media type of RFC 9457. */
const problemType = 'application/problem+json; charset=utf-8';

/** Answers with a problem document of RFC 9457. `type` is about:blank: `code` says more than a page about it would. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, { status, code, detail, errors }: Problem): FastifyReply {
  const title = STATUS_CODES[status] ?? 'Error';
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, instance: request.url, code, errors });
  if (status === 503) reply.header('retry-after', '1');
  return reply.code(status).header('content-type', problemType).header('cache-control', 'no-store').send(body);
}
