import type { ListOptions } from '#stages/read/reader.ts';
import type { Problem } from './problem.ts';
import type { ListRoute } from './routes.ts';

/** Which page a query asks for: `limit` and a cursor, `after` or `before`, which the reader checks. A problem where it is no such query. */
export function readPageRequest(
  { limit: usual, maxLimit }: ListRoute,
  query: Readonly<Record<string, unknown>>,
): { readonly page: ListOptions } | { readonly problem: Problem } {
  const { limit = String(usual), after = null, before = null } = query;
  const errors: { path: string; message: string }[] = [];
  if (typeof limit !== 'string' || !/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > maxLimit)
    errors.push({ path: 'limit', message: `must be a whole number from 1 to ${maxLimit}` });
  for (const [path, cursor] of Object.entries({ after, before }))
    if (cursor !== null && typeof cursor !== 'string') errors.push({ path, message: 'must be given once' });
  if (errors.length === 0) return { page: { limit: Number(limit), after: after as string | null, before: before as string | null } };
  const detail = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return { problem: { status: 400, code: 'invalid', detail, errors } };
}
