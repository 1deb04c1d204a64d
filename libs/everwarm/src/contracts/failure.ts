import { EverwarmError } from './errors.ts';

/** What a failure is called and said to be, fit to be stored and shown: ids and names, and nothing of what a row holds. */
export type Failure = { readonly code: string; readonly words: string };

/** SQLSTATE classes that are about a value, whose messages quote it: see {@link isFailureOfValue}. */
const aboutValue = /^(21|22|23|38|39|54|P0|XX)...$/;

/** An error as a {@link Failure}: Postgres's code or ours, and its words without the values that it quotes. */
export function failureOf(told: unknown): Failure {
  const error = saidByPostgres(told);
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  // What the user's own code says may quote the document; what it threw is told to `onError`.
  if (error instanceof EverwarmError)
    return { code, words: message.replace(/ threw ".*" for the key /s, ` threw ${className(error.cause)} for the key `) };
  if (message.endsWith(`${beyondNumbers}"`))
    return { code, words: `a bigint in mode 'number' ${beyondNumbers}. Declare the column with mode 'bigint'.` };
  return { code, words: aboutValue.test(code) ? message.replace(/".*"/s, '"…"') : message };
}

/**
 * Whether Postgres refused a statement for a value that it met, by SQLSTATE: 21 cardinality, 22 data, 23 constraint, 38 and 39
 * functions, 54 limit, P0 raised, XX a row that cannot be read. Without that value's row the same statement runs.
 */
export function isFailureOfValue(error: unknown): error is Error {
  return aboutValue.test(codeOf(saidByPostgres(error)));
}

/** The code of an error of ours or of Postgres's; what it is an instance of, where it has none. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return className(error);
}

/** Whether Postgres gave up a wait for a lock, as it was told to. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === '55P03';
}

function className(error: unknown): string {
  return error instanceof Error ? error.constructor.name : 'something';
}

/** How the cast ends that fails for a bigint which no JavaScript number holds: the SQL of such a column makes this text of it. */
export const beyondNumbers = 'is beyond 2^53';

/** What Postgres itself said, where an error of ours only says that it did. */
function saidByPostgres(error: unknown): unknown {
  return error instanceof EverwarmError && error.code === 'E_POSTGRES' && error.cause !== undefined ? error.cause : error;
}
