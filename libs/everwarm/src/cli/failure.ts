import { inspect } from 'node:util';
import { CommanderError } from 'commander';

/** What the user is told of an error. `message` is one line; null when everything was already said, as by `--help`. */
export type Failure = {
  readonly exitCode: 0 | 1 | 2;
  readonly code: string | null;
  readonly message: string | null;
  readonly error: unknown;
};

/** Errors of these codes are the caller's to correct before anything can be tried. */
const usageCodes: ReadonlySet<string> = new Set(['E_USAGE', 'E_UNKNOWN_MODEL', 'E_CONFIG']);

/** Names an error for the command line: its line, its code and the exit code it leads to. Never throws. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError) return usageFailure(error);
  const code = everwarmCode(error);
  const exitCode = code !== null && usageCodes.has(code) ? 2 : 1;
  return { exitCode, code, message: oneLine(messageOf(error)), error };
}

/** Prints a failure on stderr: a line, with `json` an object on a line; with `debug` also the error with its stack and causes. */
export function printFailure(
  { code, message, error }: Failure,
  { json, debug }: { readonly json: boolean; readonly debug: boolean },
): void {
  if (message !== null) console.error(json ? JSON.stringify({ error: { code, message } }) : `everwarm: ${message}`);
  if (message !== null && debug) console.error(inspect(error));
}

/**
 * The code of an error of this package, else null. Not `instanceof`: the configuration file may have loaded a copy of the
 * package of its own.
 */
export function everwarmCode(error: unknown): string | null {
  return error instanceof Error && error.name === 'EverwarmError' && 'code' in error ? String(error.code) : null;
}

/** What an error says, or its code where it says nothing, as a failed connection to several addresses does. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}

function usageFailure(error: CommanderError): Failure {
  if (error.exitCode === 0) return { exitCode: 0, code: null, message: null, error };
  const wasHelp = error.code === 'commander.help';
  return { exitCode: 2, code: 'E_USAGE', message: wasHelp ? null : oneLine(error.message.replace(/^error: /, '')), error };
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
