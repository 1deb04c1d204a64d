import type { CompiledModel } from '#contracts/compiled.ts';
import type { Transactions } from '#contracts/database.ts';
import { isStatementError } from '#contracts/statement-error.ts';

/**
 * Runs each statement of a model once for at most one key and keeps nothing of it. Returns why one of them cannot run, or null
 * when all can. Rejects when the server, not a statement, is the trouble.
 */
export async function probe(db: Transactions, { enumerate, recompute, dependencies }: CompiledModel): Promise<string | null> {
  const undo = new Error('rolled back');
  return db
    .transaction(async (tx) => {
      const { rows } = await tx.query<{ key: string }>(enumerate, [null, 1]);
      await tx.query(recompute, [rows.map(({ key }) => key)]);
      for (const { wayBack, link } of dependencies)
        if (wayBack.kind === 'query')
          await tx.query(
            `${wayBack.sql} limit 1`,
            link.map(() => [null]),
          );
      throw undo;
    })
    .catch((error: unknown) => {
      // A value that fails is one key's trouble, not the statement's.
      const state = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (error === undo || /^(21|22|23|54)...$/.test(state)) return null;
      if (isStatementError(error)) return error.message;
      throw error;
    });
}
