import { EverwarmError } from './errors.ts';

/**
 * Whether Postgres refused a statement for what it says (SQLSTATE class 42): a table, column or right that it names is not there.
 * Trying again gives the same answer until somebody changes the schema.
 */
export function isStatementError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^42...$/.test(String(error.code));
}

/** An error of a generation's own SQL with the generation's id, so that it alone is left aside; any other error as it is. */
export function blameGeneration(generation: number, error: unknown): Error {
  if (isStatementError(error)) return new EverwarmError('E_POSTGRES', error.message, { cause: error, context: { generation } });
  return error instanceof Error ? error : new EverwarmError('E_POSTGRES', String(error));
}

/** The generation that {@link blameGeneration} blamed, or null. */
export function blamedGeneration(error: unknown): number | null {
  const generation = error instanceof EverwarmError && isStatementError(error.cause) ? error.context['generation'] : null;
  return typeof generation === 'number' ? generation : null;
}
