import { EverwarmError } from 'everwarm';
import pg from 'pg';
import type { Logger } from 'pino';

/**
 * Logs a failure that the pipeline survives, with ids only. A database error's message and detail may quote a row, so only its
 * codes and names are kept; messages of the engine and of the network name no data.
 */
export function logFailure(log: Logger, error: unknown, during: string): void {
  log.warn({ during, ...facts(error) }, `failed: ${during}`);
}

function facts(error: unknown): object {
  if (error instanceof EverwarmError) return { code: error.code, message: error.message, context: error.context };
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof pg.DatabaseError)
    return { name: 'DatabaseError', code: cause.code, table: cause.table, constraint: cause.constraint, routine: cause.routine };
  if (!(cause instanceof Error)) return { name: typeof cause };
  const { name, message } = cause;
  const isNetwork = 'syscall' in cause || name === 'MaxRetriesPerRequestError' || /^(Connection|Command timed out)/.test(message);
  return {
    name,
    code: 'code' in cause ? cause.code : undefined,
    at: cause.stack
      ?.split('\n')
      .find((line) => line.startsWith('    at '))
      ?.trim(),
    ...(isNetwork ? { message } : {}),
  };
}
