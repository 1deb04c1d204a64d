import { type CompiledModel, sourcesSql } from '#contracts/compiled.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import { checkFragment, createFragmentView, createView, refused } from './check-fragment.ts';
import { checkOrder } from './check-order.ts';
import { checkWaysBack, checkWritten } from './check-written.ts';

/**
 * Checks against the catalogue what a model's SQL really reads, rather than believing what its declaration says: raw text
 * inside an expression is invisible to everything but Postgres. The SQL becomes temporary views in a transaction that is
 * rolled back; `pg_depend` then names each column and each user function. Throws E_DEFINITION for a column outside the watched
 * set, a whole-row reference, a function of the user's own, or an expression that is not immutable. Comparisons with the time, which
 * the compiler follows, are not in the fragments.
 */
export async function checkReach(db: Transactions, model: CompiledModel): Promise<void> {
  const undo = new Error('rolled back');
  await db
    .transaction(async (tx) => {
      if (model.written !== undefined) await checkWritten(tx, model, model.written);
      // One by one first: what is wrong is then said of its own place.
      for (const fragment of model.fragments) {
        await createFragmentView(tx, fragment);
        await checkColumns(tx, model, 'everwarm_fragment', fragment.path);
        await checkFragment(tx, fragment);
      }
      if (model.kind === 'list') await checkOrder(tx, model);
      await createView(tx, 'everwarm_reach', withoutKeys(sourcesSql(model)), model.name);
      if (model.moments) await createView(tx, 'everwarm_moments', withoutKeys(model.moments), model.name);
      await checkColumns(tx, model, 'everwarm_reach', model.name);
      await checkWaysBack(tx, model);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
}

/** A statement of a batch as a view can hold it. */
const withoutKeys = (statement: string) => statement.replaceAll('$1::text[]', `'{}'::text[]`);

async function checkColumns(tx: Database, model: CompiledModel, view: 'everwarm_reach' | 'everwarm_fragment', path: string): Promise<void> {
  const { rows } = await tx.query<{ schema: string | null; name: string; column: string | null; kind: string }>(
    `select distinct n.nspname as schema, coalesce(c.relname, p.proname, o.oprname) as name, a.attname as column,
       case when p.oid is not null then 'function' when o.oid is not null then 'operator' else 'column' end as kind
     from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
     left join pg_class c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid
     left join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
     left join pg_operator o on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid
       and not exists (select from pg_depend e where e.classid = 'pg_operator'::regclass and e.objid = o.oid and e.deptype = 'e')
     left join pg_namespace n on n.oid = coalesce(c.relnamespace, p.pronamespace, o.oprnamespace)
     left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid and d.refobjsubid > 0
     where r.ev_class = $1::regclass and (c.oid is null or c.oid <> r.ev_class) and coalesce(c.oid, p.oid, o.oid) is not null
       and not coalesce(n.nspname = 'everwarm' and p.proname like 'sort\\_key%', false)`,
    [`pg_temp.${view}`],
  );
  const watched = new Set(
    model.dependencies.flatMap(({ table, columns }) => columns.map((column) => JSON.stringify([table.schema, table.name, column]))),
  );
  const tables = new Set(model.dependencies.map(({ table }) => JSON.stringify([table.schema, table.name])));
  for (const row of rows) {
    const what = `${row.schema}.${row.name}`;
    if (row.kind !== 'column')
      throw refused(path, `calls the ${row.kind} ${what}, whose own reads cannot be followed. Write it out, or use built-in functions.`);
    if (!tables.has(JSON.stringify([row.schema, row.name])))
      throw refused(
        path,
        model.written === undefined
          ? `reads ${what} in raw SQL, which no relation declares, so its changes would be missed. Declare beside the expression the relation that it goes through: reads: { relation: { columns: { … } } }.`
          : `reads ${what}, which is not among its dependencies, so its changes would be missed. Declare it there.`,
      );
    if (row.column === null) continue;
    if (!watched.has(JSON.stringify([row.schema, row.name, row.column]))) {
      throw refused(
        path,
        model.written === undefined
          ? `reads the column "${row.column}" of ${what} in raw SQL, where it cannot be followed. Use the callback's columns, or name it in "columns" under "reads".`
          : `reads the column "${row.column}" of ${what}, which its dependency on that table does not name, so its changes would be missed. Add it to "columns".`,
      );
    }
  }
}
