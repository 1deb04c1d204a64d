import { Column, getOperators, getOrderByOperators, is, SQL, StringChunk } from 'drizzle-orm';
import type { Expression, TableScope } from './expression.ts';
import type { OrderTerm } from './plan.ts';
import { definition } from './schema.ts';

/** The filter of one scope: none, an SQL expression, or a callback that gives one. */
export function planWhere(scope: TableScope, where: unknown, path: string): readonly Expression[] {
  const condition: unknown = typeof where === 'function' ? where(scope.fields, getOperators()) : where;
  if (condition === undefined) return [];
  if (!is(condition, SQL)) throw definition(path, 'must give an SQL condition. Use the operators that the callback receives.');
  return [scope.render(condition, path)];
}

/** What may end a term as raw SQL: its direction and the place of nulls, words of their own. */
const direction = /^([\s\S]*?)(?:(?<![\w"'$.])(asc|desc))?\s*(?:(?<![\w"'$.])nulls\s+(first|last))?\s*$/i;

/** The sort terms of one scope, as written. Directions are read from `asc`, `desc` and `nulls first | last`. */
export function planOrder(scope: TableScope, orderBy: unknown, path: string): OrderTerm[] {
  const built: unknown = typeof orderBy === 'function' ? orderBy(scope.fields, getOrderByOperators()) : orderBy;
  if (built === undefined) return [];
  return (Array.isArray(built) ? built : [built]).map((term: unknown, index) => {
    const place = `${path}[${index}]`;
    if (is(term, Column)) return { ...scope.render(term, place), descending: false, nullsFirst: false };
    if (!is(term, SQL)) throw definition(place, 'must be a column, asc(column) or desc(column).');
    const chunks = [...term.queryChunks];
    const tail = chunks.at(-1);
    const words = is(tail, StringChunk) ? direction.exec(tail.value.join('')) : null;
    if (words) chunks.splice(-1, 1, new StringChunk((words[1] ?? '').trimEnd()));
    const descending = words?.[2]?.toLowerCase() === 'desc';
    const nulls = words?.[3]?.toLowerCase();
    return { ...scope.render(new SQL(chunks), place), descending, nullsFirst: nulls === undefined ? descending : nulls === 'first' };
  });
}

/** A limit as it was written: the rows, or none. */
export function planLimit(limit: unknown, path: string): number | null {
  if (limit === undefined) return null;
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0)
    throw definition(path, 'must be a whole number written out, 0 or more.');
  return limit;
}
