import { hostname, userInfo } from 'node:os';
import type { Database } from '#contracts/database.ts';

/** What an operator did: the verb as the command line spells it, and its arguments: names, ids and counts, never documents. */
export type Operation = {
  readonly verb: string;
  readonly args: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
  /** Whoever asked for it, where that is known better than by the process: the user of a console, say. */
  readonly by?: string | undefined;
};

/**
 * Writes to the operator log that something is done, by whom and when. To be called in the transaction that does it: what did not
 * happen is not in the log, and what is in the log happened. Not for a dry run.
 */
export async function logOperation(tx: Database, { verb, args, by = processOwner() }: Operation): Promise<void> {
  await tx.query('insert into everwarm.operator_log (who, verb, arguments) values ($1, $2, $3)', [by, verb, JSON.stringify(args)]);
}

/** The account that this process runs under, and where; a container may run under one that has no name. */
function processOwner(): string {
  let name: string;
  try {
    name = userInfo().username;
  } catch {
    name = `uid ${process.getuid?.() ?? 'unknown'}`;
  }
  return `${name}@${hostname()}`;
}
