import type { QueryResult, QueryResultRow } from 'pg';
import type { Database, TransactionOptions, Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { valueLiteral } from '#model/sql/literal.ts';

/** Statements that would wait for, and then hold, a table of the user's until the rehearsal is over: told, and not run. */
const holdsUsersTable =
  /^\s*(create\s+(or\s+replace\s+)?(constraint\s+)?trigger|drop\s+trigger|alter\s+table\s+(?!(if\s+exists\s+)?"?everwarm"?\.))/i;

/** Statements that change something which outlives the transaction. */
const changes =
  /^\s*(create(?!\s+temporary)|alter|drop|insert|update|delete|truncate|grant|revoke|with\s[\s\S]*?\b(insert|update|delete)\b|select\s+everwarm\.)/i;

/** Views that a check looks at and that go with the session. */
const ofTheSession = /\bpg_temp\.everwarm_/;

type Statement = string | { readonly text: string; readonly values?: unknown[] };

/**
 * Does something in a transaction that is rolled back, its own transactions as savepoints of it, and tells the SQL that changes
 * anything, parameters written out. What it reads it finds as it would after its own writes, but for triggers on the user's
 * tables, which are not touched.
 */
export async function rehearse<T>(
  db: Transactions,
  action: (rehearsal: Transactions) => Promise<T>,
): Promise<{ readonly result: T; readonly sql: readonly string[] }> {
  const undo = new EverwarmError('E_LIFECYCLE', 'A rehearsal is rolled back.');
  const rehearsed: { readonly result: T }[] = [];
  const sql: string[] = [];
  await db
    .transaction(async (tx) => {
      rehearsed.push({ result: await action(rehearsalOn(tx, sql)) });
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  const [one] = rehearsed;
  if (!one) throw undo;
  return { result: one.result, sql };
}

function rehearsalOn(tx: Database, sql: string[]): Transactions {
  let depth = 0;
  const query = async (statement: Statement, given?: unknown[]): Promise<QueryResult<QueryResultRow>> => {
    const { text, values = given ?? [] } = typeof statement === 'string' ? { text: statement } : statement;
    const bare = text.replace(/^(\s|--.*\n)+/, '');
    if (changes.test(bare) && !ofTheSession.test(text)) sql.push(withValues(text.trim(), values));
    if (holdsUsersTable.test(bare)) return { rows: [], rowCount: 0, command: '', oid: 0, fields: [] };
    return tx.query(text, values);
  };
  const rehearsal: Transactions = {
    query: query as Database['query'],
    async transaction<R>(
      action: (inner: Database, opened: readonly QueryResult[]) => Promise<R>,
      { opening = [] }: TransactionOptions = {},
    ): Promise<R> {
      const savepoint = `rehearsal_${++depth}`;
      await tx.query(`savepoint ${savepoint}`);
      try {
        const opened: QueryResult[] = [];
        for (const statement of opening) opened.push(await query(statement));
        const result = await action(rehearsal, opened);
        await tx.query(`release savepoint ${savepoint}`);
        return result;
      } catch (error) {
        await tx.query(`rollback to savepoint ${savepoint}`);
        throw error;
      } finally {
        depth--;
      }
    },
  };
  return rehearsal;
}

function withValues(text: string, values: readonly unknown[]): string {
  return values.length === 0
    ? text
    : text.replaceAll(/\$(\d+)/g, (parameter, index) => valueLiteral(values[Number(index) - 1]) ?? parameter);
}
