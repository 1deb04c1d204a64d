import type { BlogError, BlogErrorCode } from '@everwarm/blog';
import type { Problem } from './problem.ts';

const statuses: Readonly<Record<BlogErrorCode, 400 | 404 | 409 | 500 | 503>> = {
  invalid: 400,
  not_found: 404,
  conflict: 409,
  usage: 500,
  unavailable: 503,
};

const details = {
  500: 'The server made a mistake. Its log says which.',
  503: 'The blog cannot answer at the moment. Try again in a second.',
} as const;

/** Maps the blog's refusals to HTTP. Their messages are written for people; those of server errors stay in the log. */
export function blogProblem({ code, message }: BlogError): Problem {
  const status = statuses[code];
  return { status, code, detail: status === 500 || status === 503 ? details[status] : message };
}
