import type { CompiledModel } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { orderableTypes } from '#model/sql/sort-form.ts';
import { createFragmentView, refused } from './check-fragment.ts';

/** No function, or none more fitting than another, for arguments of a type. */
const noForm = new Set(['42883', '42725']);

/**
 * Finds the type of each sort term of a list, which the declaration does not know for an expression, and refuses one whose order
 * has no bytes. Rejects with E_DEFINITION, naming the term, its type and the cure. To be called in a transaction that is rolled back.
 */
export async function checkOrder(tx: Database, model: CompiledModel): Promise<void> {
  for (const term of model.fragments.filter(({ path }) => path.startsWith(`${model.name}.orderBy[`))) {
    await createFragmentView(tx, term);
    const { rows } = await tx.query<{ type: string }>(
      `select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 'pg_temp.everwarm_fragment'::regclass and attname = 'value'`,
    );
    await tx.query('savepoint term');
    try {
      await tx.query('select everwarm.sort_key(value) from pg_temp.everwarm_fragment limit 0');
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && noForm.has(String(cause.code)))) throw cause;
      throw refused(term.path, `orders by a value of type ${rows[0]?.type}, whose order has no bytes. Order by ${orderableTypes}.`, cause);
    }
    await tx.query('release savepoint term');
  }
}
