import { EverwarmError } from './errors.ts';

/** What a failure is called and said to be, fit to be stored and shown: ids and names, and nothing of what a row holds. */
export type Failure = { readonly code: string; readonly words: string };

/** SQLSTATE classes whose messages quote the value: cardinality, data, constraint, limit, raised by a function. */
const quotesValue = /^(21|22|23|38|39|54|P0|XX)...$/;

/** An error as a {@link Failure}: Postgres's code or ours, and its words without the values that it quotes. */
export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (error instanceof EverwarmError) return { code, words: message };
  if (message.endsWith(`${beyondNumbers}"`))
    return { code, words: `a bigint in mode 'number' ${beyondNumbers}. Declare the column with mode 'bigint'.` };
  return { code, words: quotesValue.test(code) ? message.replace(/".*"/s, '"…"') : message };
}

/** The code of an error of ours or of Postgres's; what it is an instance of, where it has none. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.constructor.name : 'Error';
}

/** How the cast ends that fails for a bigint which no JavaScript number holds: the SQL of such a column makes this text of it. */
export const beyondNumbers = 'is beyond 2^53';
