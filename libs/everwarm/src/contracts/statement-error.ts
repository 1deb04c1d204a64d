import { EverwarmError } from './errors.ts';
import { failureOf, isFailureOfValue } from './failure.ts';

/**
 * Whether Postgres refused a statement for what it says (SQLSTATE class 42): a table, column or right that it names is not there.
 * Trying again gives the same answer until somebody changes the schema.
 */
export function isStatementError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^42...$/.test(String(error.code));
}

/** A generation whose own SQL failed, and by what: the statement cannot run, or it meets a value that it cannot take. */
export type Blame = { readonly generation: number; readonly by: 'statement' | 'value' };

/** An error of a generation's own SQL with the generation's id, so that it alone is left aside; any other error as it is. */
export function blameGeneration(generation: number, error: unknown): Error {
  if (isStatementError(error) || isFailureOfValue(error))
    return new EverwarmError('E_POSTGRES', failureOf(error).words, { cause: error, context: { generation } });
  return error instanceof Error ? error : new EverwarmError('E_POSTGRES', String(error));
}

/** Whom {@link blameGeneration} blamed, or null. */
export function blameOf(error: unknown): Blame | null {
  if (!(error instanceof EverwarmError)) return null;
  const { generation } = error.context;
  if (typeof generation !== 'number') return null;
  if (isStatementError(error.cause)) return { generation, by: 'statement' };
  return isFailureOfValue(error.cause) ? { generation, by: 'value' } : null;
}
