import { writeSql } from '#stages/write-through/write-documents.ts';
import { writeEntriesSql } from '#stages/write-through/write-entries.ts';
import { writeTimersSql } from '#stages/write-through/write-timers.ts';
import type { InlineGeneration } from './changed-keys-sql.ts';
import { type FunctionSql, functionSql, searchPath } from './function-sql.ts';

/** The name of the function that writes keys of a generation. */
export const writeFunction = (generation: number): string => `inline_${generation}_write`;

/** The SQLSTATE of a document that is another one by now, whatever was written. */
const momentCame = 'EW003';

/** The columns that a generation's write function gives, for `as w (…)`: what the statement of the workers gives, type by type. */
export const writtenColumns = {
  document: 'key text, doc text, version text, as_of float8, excess integer',
  list: 'partition text, key text, member bytea, version text',
} as const;

/**
 * The functions that derive keys of a generation and write them, by the very statements of the workers: `(text[] keys, text version,
 * integer bytes, timestamptz at)`, under locks of the keys' shards and a version drawn after them. `at` is a moment before the call.
 * A transaction looks at the time at which it began: where a moment of a key has come since, they raise, and it is left to the workers.
 */
export function writeKeysSql({ id, model }: InlineGeneration, path: readonly string[]): FunctionSql[] {
  const { moments } = model;
  const timers = `inline_${id}_timers`;
  const statement = model.kind === 'document' ? writeSql(id, model.recompute, '$3', '$4::timestamptz') : writeEntriesSql({ id, model });
  const write = functionSql(writeFunction(id), {
    parameters: ['text[]', 'text', 'integer', 'timestamptz'],
    returns: 'setof record',
    options: searchPath(path),
    body: `return query ${statement};${moments === undefined ? '' : `\n  perform everwarm.${timers}($1, ${id});`}`,
  });
  if (moments === undefined) return [write];
  const body = `${writeTimersSql(moments)};
  if exists (select from everwarm.timers t where t.generation = $2 and t.key = any($1) and not t.asked and t.at <= clock_timestamp()) then
    raise exception using errcode = '${momentCame}', message = 'A moment came while the transaction was open.';
  end if;`;
  return [functionSql(timers, { parameters: ['text[]', 'integer'], returns: 'void', options: searchPath(path), body }), write];
}
