import { Column, getOperators, getOrderByOperators, is, SQL, StringChunk } from 'drizzle-orm';
import { definition } from '#model/schema.ts';
import type { Expression, TableScope } from './expression.ts';
import type { OrderTerm } from './plan.ts';
import { sqlTokens } from './sql-tokens.ts';

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
    const expression = scope.render(new SQL(chunks), place);
    checkOneTerm(expression.sql, place);
    return { ...expression, descending, nullsFirst: nulls === undefined ? descending : nulls === 'first' };
  });
}

/** Refuses raw SQL that is more than one value to sort by: what else it says of an order could not be kept in several places alike. */
function checkOneTerm(sql: string, path: string): void {
  let depth = 0;
  for (const { kind, text } of sqlTokens(sql)) {
    if (text === '(' || text === '[') depth++;
    if (text === ')' || text === ']') depth--;
    if (depth === 0 && (text === ',' || (kind === 'word' && /^(asc|desc|nulls|using)$/.test(text))))
      throw definition(
        path,
        `has more than one term or direction: "${text}" stands inside ${JSON.stringify(sql)}. Give each term by itself, as an element of an array, with one direction at its end.`,
      );
  }
}

/** A limit as it was written: the rows, or none. */
export function planLimit(limit: unknown, path: string): number | null {
  if (limit === undefined) return null;
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0)
    throw definition(path, 'must be a whole number written out, 0 or more.');
  return limit;
}
