import { qualified } from '#model/sql/literal.ts';
import type { MemberFacts, TableFacts } from './facts.ts';
import { movedTriggers, movingTrigger, storedRowTrigger } from './moved-rows.ts';
import { captureEvents, triggerName } from './trigger-sql.ts';
import type { Watch } from './watch-list.ts';

/** Something about a table that lets writes go by unseen or documents go wrong, and what to do about it. */
export type Problem = { readonly kind: ProblemKind; readonly problem: string; readonly cure: string };

/** What can be wrong. `triggers` is what installing puts right; the others are for whoever owns the schema. */
export type ProblemKind =
  | 'missing'
  | 'kind'
  | 'inheritance'
  | 'partition'
  | 'unlogged'
  | 'subscription'
  | 'row security'
  | 'columns'
  | 'primary key'
  | 'triggers';

/** All that is wrong with the capture of a table as the catalogue has it now; sentences that follow the table's name. */
export function problemsOf(watch: Pick<Watch, 'table' | 'columns'>, facts: TableFacts): Problem[] {
  const found: Problem[] = [];
  const add = (kind: ProblemKind, problem: string, cure: string) => found.push({ kind, problem, cure });
  if (facts.relation === null) {
    if (facts.knownAs === null) add('missing', 'does not exist in this database', 'Run your own migrations first.');
    else
      add(
        'missing',
        `was renamed or moved and is now ${facts.knownAs}`,
        'Name it back, or correct the Drizzle schema and run everwarm migrate.',
      );
    return found;
  }
  if (facts.kind !== 'r' && facts.kind !== 'p') {
    const what = facts.kind === 'v' || facts.kind === 'm' ? 'a view' : facts.kind === 'f' ? 'a foreign table' : `of kind "${facts.kind}"`;
    add('kind', `is ${what}, whose changes no trigger sees`, 'Declare the model over the tables behind it.');
    return found;
  }
  if (facts.inheritance)
    add(
      'inheritance',
      'takes part in table inheritance, where one key may stand in several tables and writes to the parent pass the triggers of its children by',
      'Make it a partitioned table, or detach it with ALTER TABLE … NO INHERIT.',
    );
  if (facts.partitionOf !== null)
    add(
      'partition',
      `is a partition of ${facts.partitionOf}, and writes through that pass its triggers by`,
      `Declare the model over ${facts.partitionOf}.`,
    );
  if (facts.persistence !== 'p')
    add(
      'unlogged',
      'is unlogged: a crash of the server empties it and no trigger tells',
      `Run ALTER TABLE ${qualified(watch.table)} SET LOGGED.`,
    );
  if (facts.subscription !== null)
    add(
      'subscription',
      `is fed by the logical subscription "${facts.subscription}", whose rows pass statement triggers by`,
      'Keep the read models where the table is written, or copy its rows into a table of their own with a row trigger enabled always.',
    );
  if (facts.hidesRows)
    add(
      'row security',
      'has row level security that applies to the role of the workers, so documents could silently lack rows',
      'Give that role BYPASSRLS.',
    );
  const lost = watch.columns.filter((column) => !Object.hasOwn(facts.columns, column));
  if (lost.length > 0)
    add(
      'columns',
      `has no column ${lost.map((column) => `"${column}"`).join(', ')}, which a read model watches`,
      'Run your own migrations first, or correct the Drizzle schema or "casing".',
    );
  if (facts.primaryKey.length === 0)
    add('primary key', 'has no primary key in the database, so a changed row could not be followed', 'Add one.');
  const off = Object.values(facts.members).filter((member) => offTriggers(facts, member).length > 0);
  if (off.length > 0)
    add(
      'triggers',
      `is not captured whole: triggers are missing or do not fire always on ${off.map((member) => qualified(member.table)).join(', ')}`,
      'Run everwarm migrate.',
    );
  return found;
}

/** The triggers that a table or partition lacks, or that do not fire in every session. */
export function offTriggers({ movesUnseen }: TableFacts, { isPartitioned, triggers }: MemberFacts): string[] {
  const moved = movesUnseen ? [...(isPartitioned ? [movingTrigger] : []), ...Object.values(movedTriggers), storedRowTrigger] : [];
  return [...captureEvents.map(triggerName), ...moved].filter((name) => triggers[name]?.[0] !== 'A');
}
