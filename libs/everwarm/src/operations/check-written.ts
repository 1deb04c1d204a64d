import type { CompiledModel } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { checkStable, createView, refused } from './check-fragment.ts';

/**
 * Stable functions of Postgres whose value is not of the rows alone: it is of the moment, the session or the catalogue. Other
 * stable ones, such as to_json, depend on settings that the engine's sessions fix.
 */
const ofTheMoment = `now transaction_timestamp statement_timestamp current_setting current_query current_schema current_schemas
current_database current_user session_user version inet_client_addr inet_server_addr has\\_% pg\\_% txid\\_%`.split(/\s+/);

/**
 * Checks a hand-written query by itself: it has the key's columns and a `doc` of JSON, and gives the same for the same rows.
 * Creates a temporary view, so the caller rolls its transaction back. Throws E_DEFINITION with the cure.
 */
export async function checkWritten(tx: Database, model: CompiledModel, written: string): Promise<void> {
  const path = `${model.name}.query`;
  await createView(tx, 'everwarm_written', written, path);
  const { rows } = await tx.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 'pg_temp.everwarm_written'::regclass and attnum > 0 order by attnum`,
  );
  const types = new Map(rows.map(({ name, type }) => [name, type]));
  const found = rows.map(({ name }) => `"${name}"`).join(', ');
  for (const { name } of model.key)
    if (!types.has(name)) throw refused(path, `has no column "${name}", which the key names. It has: ${found}. Select it under that name.`);
  const doc = types.get('doc');
  if (doc !== 'json' && doc !== 'jsonb')
    throw refused(
      path,
      `${doc === undefined ? `has no column "doc". It has: ${found}` : `has a "doc" of type ${doc}`}. Build it with json_build_object and select it as doc.`,
    );
  const named = ofTheMoment.map((name) => `p.proname like '${name}'`).join(' or ');
  // age(x) counts from today; age(x, y) does not.
  const unsteady = `p.provolatile = 'v' or p.provolatile = 's' and (${named} or p.proname = 'age' and p.pronargs = 1)`;
  await checkStable(tx, { path, view: 'everwarm_written', unsteady });
}

/**
 * Checks ways back that the user wrote: they are valid, and read nothing but tables that the model depends on, which are also
 * those that the role of the relay may read. Creates temporary views. Throws E_DEFINITION.
 */
export async function checkWaysBack(tx: Database, { dependencies }: CompiledModel): Promise<void> {
  const known = new Set(dependencies.map(({ table }) => `${table.schema}.${table.name}`));
  for (const { path, wayBack } of dependencies) {
    if (wayBack.kind !== 'query' || wayBack.nulls !== true) continue;
    await tx.query('drop view if exists pg_temp.everwarm_way_back');
    await createView(tx, 'everwarm_way_back', wayBack.sql.replaceAll(/\$\d+::text\[\]/g, `'{}'::text[]`), `${path}.wayBack`);
    const { rows } = await tx.query<{ name: string }>(
      `select distinct n.nspname || '.' || c.relname as name from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
       join pg_class c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid join pg_namespace n on n.oid = c.relnamespace
       where r.ev_class = 'pg_temp.everwarm_way_back'::regclass and c.oid <> r.ev_class`,
    );
    const foreign = rows.find(({ name }) => !known.has(name));
    if (foreign) throw refused(`${path}.wayBack`, `reads ${foreign.name}, which is not among the dependencies. Declare it there.`);
  }
}
