import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { captureTriggerPrefix } from '#contracts/names.ts';
import { qualified } from '#model/literal.ts';
import type { Watch } from './watch-list.ts';

/** What the catalogue says of a table that is to be captured. */
export type TableFacts = {
  readonly primaryKey: readonly string[];
  /** Whether the text of a link column depends on session settings such as TimeZone. */
  readonly sessionDependent: boolean;
  /** Everwarm's triggers that are on the table and fire always. */
  readonly triggers: ReadonlySet<string>;
};

/** Types whose text is the same in every session. */
const stableTypes = new Set(['int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'bpchar', 'bool', 'numeric']);

/**
 * Looks a table up before triggers are put on it. Throws E_POSTGRES_UNFIT, naming table and cure, when it is missing, lacks a
 * watched column or a primary key, or is of a kind that statement triggers do not follow.
 */
export async function inspectTable(db: Database, watch: Watch): Promise<TableFacts> {
  const name = qualified(watch.table);
  const unfit = (what: string) => new EverwarmError('E_POSTGRES_UNFIT', `Table ${name} ${what}`, { context: { table: name } });
  const { rows } = await db.query<{ oid: number; kind: string; inherits: boolean; forced: boolean }>(
    `select c.oid::int8::text as oid, c.relkind as kind, c.relforcerowsecurity as forced,
            exists (select from pg_inherits i where i.inhrelid = c.oid or i.inhparent = c.oid) as inherits
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`,
    [watch.table.schema, watch.table.name],
  );
  const table = rows[0];
  if (!table) throw unfit('does not exist in this database. Run your own migrations first.');
  if (table.kind !== 'r')
    throw unfit(
      `is ${table.kind === 'v' || table.kind === 'm' ? 'a view' : table.kind === 'p' ? 'partitioned' : `of kind "${table.kind}"`}, which capture does not support yet.`,
    );
  if (table.inherits) throw unfit('takes part in table inheritance, which capture does not support yet.');
  if (table.forced)
    throw unfit('forces row level security, so documents could silently lack rows. Use a role with BYPASSRLS and unforced security.');

  const columns = await db.query<{ name: string; type: string; pk: number | null }>(
    `select a.attname as name, t.typname as type, array_position(i.indkey::int2[], a.attnum) as pk
     from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
     where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped`,
    [table.oid],
  );
  const types = new Map(columns.rows.map((column) => [column.name, column.type]));
  for (const column of watch.columns)
    if (!types.has(column))
      throw unfit(
        `has no column "${column}", which a read model watches. Run your own migrations first, or correct the Drizzle schema or "casing".`,
      );
  const primaryKey = columns.rows
    .filter((column) => column.pk !== null)
    .sort((a, b) => Number(a.pk) - Number(b.pk))
    .map((column) => column.name);
  if (primaryKey.length === 0) throw unfit('has no primary key in the database, so a changed row could not be followed. Add one.');

  const triggers = await db.query<{ name: string }>(
    `select tgname as name from pg_trigger where tgrelid = $1::oid and tgname like $2 and tgenabled = 'A'`,
    [table.oid, `${captureTriggerPrefix}%`],
  );
  return {
    primaryKey,
    sessionDependent: watch.links.some((column) => !stableTypes.has(types.get(column) ?? '')),
    triggers: new Set(triggers.rows.map((trigger) => trigger.name)),
  };
}
