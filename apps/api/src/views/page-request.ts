import type { ListOptions } from 'everwarm';
import { type FieldError, RefusedRequest } from '../problems/problem.ts';

/** The most items of one page over HTTP. */
export const maxLimit = 100;

/** Which page a query string asks for: `limit` (1 to {@link maxLimit}, default 20) and a cursor, `after` or `before`, which the reader checks. */
export function readPageRequest(query: Readonly<Record<string, unknown>>): ListOptions {
  const { limit = '20', after = null, before = null } = query;
  const errors: FieldError[] = [];
  if (typeof limit !== 'string' || !/^[1-9]\d{0,2}$/.test(limit) || Number(limit) > maxLimit) {
    errors.push({ path: 'limit', message: `must be a whole number from 1 to ${maxLimit}` });
  }
  for (const [path, cursor] of Object.entries({ after, before }))
    if (cursor !== null && typeof cursor !== 'string') errors.push({ path, message: 'must be given once' });
  if (errors.length > 0) {
    throw new RefusedRequest({
      status: 400,
      code: 'invalid',
      detail: errors.map(({ path, message }) => `${path}: ${message}`).join('; '),
      errors,
    });
  }
  return { limit: Number(limit), after: after as string | null, before: before as string | null };
}
