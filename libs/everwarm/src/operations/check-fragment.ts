import type { Fragment, TableName } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { qualified } from '#model/sql/literal.ts';

/** The view of one expression over its row, in the place of the one before it. */
export async function createFragmentView(tx: Database, { sql, table, alias, path }: Fragment): Promise<void> {
  await tx.query('drop view if exists pg_temp.everwarm_fragment');
  await createView(tx, 'everwarm_fragment', `select (${sql}) as value from ${qualified(table)} ${alias}`, path);
}

/**
 * Checks one expression that the user wrote, alone: it reads nothing but its own row and the tables it declares to read, and
 * gives the same value tomorrow for the same rows. Its view must be there; see {@link createFragmentView}.
 * Throws E_DEFINITION, naming the place and the cure.
 */
export async function checkFragment(tx: Database, fragment: Fragment): Promise<void> {
  await checkTables(tx, fragment);
  await checkStable(tx, { path: fragment.path, view: 'everwarm_fragment', unsteady: "p.provolatile <> 'i'" });
}

/** A temporary view of a statement. Throws E_DEFINITION with what Postgres says about it when it is not valid. */
export async function createView(tx: Database, name: string, statement: string, path: string): Promise<void> {
  try {
    await tx.query(`create temporary view ${name} as ${statement}`);
  } catch (cause) {
    throw refused(path, `is not valid in this database: ${cause instanceof Error ? cause.message : String(cause)}.`, cause);
  }
}

/** An E_DEFINITION about one place of a declaration that this database cannot keep right. */
export function refused(path: string, what: string, cause?: unknown): EverwarmError {
  return new EverwarmError('E_DEFINITION', `${path} ${what}`, { cause, context: { path } });
}

const treeOf = (view: string) => `select ev_action::text as text from pg_rewrite where ev_class = 'pg_temp.${view}'::regclass`;

/** The expression's own table stands in it once, as the row itself; every other appearance of a table must be declared. */
async function checkTables(tx: Database, { path, table, reads = [] }: Fragment): Promise<void> {
  const { rows } = await tx.query<TableName & { kind: string; times: number }>(
    `select n.nspname as schema, c.relname as name, c.relkind as kind, count(*)::int as times
from (select (regexp_matches(text, ':rtekind 0 :relid (\\d+)', 'g'))[1]::oid as oid from (${treeOf('everwarm_fragment')}) t) used
join pg_class c on c.oid = used.oid join pg_namespace n on n.oid = c.relnamespace
where c.oid <> 'pg_temp.everwarm_fragment'::regclass group by 1, 2, 3`,
  );
  const same = (one: TableName, other: TableName) => one.schema === other.schema && one.name === other.name;
  for (const row of rows) {
    const beyond = same(row, table) ? row.times > 1 : true;
    if (!beyond || reads.some((read) => same(read, row))) continue;
    throw refused(
      path,
      `reads ${row.schema}.${row.name} in raw SQL, and nothing says by which rows of it, so its changes would be missed. Declare beside it the relation that it goes through: reads: { relation: { columns: { … } } }${same(row, table) ? ', and name the other rows by alias()' : ''}.`,
    );
  }
}

/**
 * Refuses what would change without any row changing, or come out in another order from run to run, in a temporary view.
 * `unsteady` is SQL that says of a function, `p` in pg_proc, that it may not be called.
 */
export async function checkStable(
  tx: Database,
  { path, view, unsteady }: { readonly path: string; readonly view: string; readonly unsteady: string },
): Promise<void> {
  const { rows } = await tx.query<{ what: string; why: string }>(
    `with tree as (${treeOf(view)}),
called as (select (regexp_matches(text, ':(?:funcid|opfuncid|winfnoid|aggfnoid) (\\d+)', 'g'))[1]::oid as oid from tree),
unordered as (select (regexp_matches(text, '\\{AGGREF :aggfnoid (\\d+)(?:(?!\\{AGGREF ).)*?:aggorder <>', 'g'))[1]::oid as oid from tree)
select p.proname as what, 'volatile' as why from called join pg_proc p on p.oid = called.oid where ${unsteady}
union all select 'current_date, current_timestamp or a kin of it', 'volatile' from tree where text like '%SQLVALUEFUNCTION%'
union all select 'a whole row', 'row' from tree where text ~ ':varattno 0 '
union all select p.proname, 'order' from unordered join pg_proc p on p.oid = unordered.oid
  where p.proname in ('array_agg', 'string_agg', 'json_agg', 'jsonb_agg', 'json_object_agg', 'jsonb_object_agg', 'xmlagg')
union all select 'limit or offset', 'order' from tree where text ~ ':sortClause <> (?:(?!:sortClause).)*?:limit(Offset|Count) \\{'
union all select 'tablesample', 'order' from tree where text like '%TABLESAMPLECLAUSE%'`,
  );
  const found = rows[0];
  if (found?.why === 'volatile')
    throw refused(
      path,
      `uses ${found.what}, which is not immutable: the document would change without any row changing. Use a stored column instead.`,
    );
  if (found?.why === 'row')
    throw refused(path, `uses ${found.what}, of which no column can be followed alone. Name its columns one by one.`);
  if (found !== undefined)
    throw refused(
      path,
      `uses ${found.what} without an order, so the same rows could give different documents. Give it an "order by" that ends with the primary key.`,
    );
}
