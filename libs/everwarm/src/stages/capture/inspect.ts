import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { qualified } from '#model/sql/literal.ts';
import { readFacts, type TableFacts } from './facts.ts';
import { problemsOf } from './problems.ts';
import type { Watch } from './watch-list.ts';

/**
 * Looks a table up before triggers are put on it. `role` computes its documents, by default the current one. Throws
 * E_POSTGRES_UNFIT, naming table and cure, when it is missing, lacks a watched column or a primary key, hides rows from that
 * role, or is of a kind that statement triggers do not follow.
 */
export async function inspectTable(db: Database, watch: Watch, role: string | null = null): Promise<TableFacts> {
  const [facts] = await readFacts(db, [watch], role);
  const name = qualified(watch.table);
  const unfit = (what: string) => new EverwarmError('E_POSTGRES_UNFIT', `Table ${name} ${what}`, { context: { table: name } });
  if (!facts) throw unfit('could not be looked up: the role that is to run the workers does not exist. Create it.');
  const wrong = problemsOf(watch, facts).find(({ kind }) => kind !== 'triggers');
  if (wrong) throw unfit(`${wrong.problem}. ${wrong.cure}`);
  const virtual = watch.links.find((link) => facts.columns[link]?.basis);
  if (virtual !== undefined)
    throw unfit(`is joined by "${virtual}", a virtual generated column, which a trigger cannot read. Make it a stored one.`);
  return facts;
}

/** Types whose text is the same in every session. */
const stableTypes = new Set(['int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'bpchar', 'bool', 'numeric']);

/** Whether the text of a link column, or what an aggregate makes of a row, depends on session settings such as TimeZone. */
export function isSessionDependent({ links, aggregates = [] }: Watch, { columns }: TableFacts): boolean {
  return links.some((column) => !stableTypes.has(columns[column]?.typeName ?? '')) || aggregates.some(({ isSteady }) => !isSteady);
}
