import { captureFunction, captureTriggerPrefix } from '#contracts/names.ts';
import { identifier, qualified } from '#model/sql/literal.ts';
import { deltaParts } from './delta-sql.ts';
import type { MemberFacts } from './facts.ts';
import { type CapturedTable, sessionSettings, valuesSql } from './trigger-sql.ts';

/*
 * A MERGE that moves a row from one partition to another leaves it out of the transition tables of its UPDATE (Postgres 15 to
 * 18; a plain UPDATE has both sides). Row triggers do see it leave and arrive. Their condition is false, and costs next to
 * nothing, until an UPDATE or a MERGE that may update has begun in the transaction; what they then record of rows that the
 * statement triggers saw too is recorded twice, which changes nothing.
 */
const setting = 'everwarm.moving';

/** The triggers that see rows move between partitions: the first on every partitioned member, the others on the root, which hands them down. */
export const movingTrigger = `${captureTriggerPrefix}_moving`;
/** See {@link movingTrigger}. */
export const movedTriggers = { insert: `${captureTriggerPrefix}_moved_in`, delete: `${captureTriggerPrefix}_moved_out` } as const;

/**
 * A trigger that never fires, on the root, which hands it down. A MERGE into a partitioned table that inserts a row and then updates
 * another one shows the inserted row as what the update made (Postgres 15 to 18), but where rows may be changed before they are
 * inserted: there it looks at what was stored.
 */
export const storedRowTrigger = `${captureTriggerPrefix}_stored_row`;

/** The statements that make row moves seen on one member, of which the triggers in `off` are missing or do not fire always. */
export function seeMovesSql(captured: CapturedTable, { table, isRoot }: MemberFacts, off: readonly string[]): string[] {
  const name = qualified(table);
  const always = (trigger: string) => `alter table ${name} enable always trigger ${trigger}`;
  const statements = isRoot ? [movingFunctionSql, movedFunctionSql(captured), storedRowFunctionSql] : [];
  if (isRoot)
    statements.push(
      `create or replace trigger ${storedRowTrigger} before insert on ${name} for each row when (false) execute function everwarm.capture_stored_row()`,
    );
  if (isRoot || off.includes(storedRowTrigger)) statements.push(always(storedRowTrigger));
  if (off.includes(movingTrigger))
    statements.push(
      `create or replace trigger ${movingTrigger} before update on ${name} for each statement execute function everwarm.capture_moving()`,
      always(movingTrigger),
    );
  for (const [event, trigger] of Object.entries(movedTriggers)) {
    // Partitions get theirs from the root, which comes first; one that was switched off is switched on where it is.
    if (isRoot)
      statements.push(
        `create or replace trigger ${trigger} after ${event} on ${name} for each row when (current_setting('${setting}', true) = 'on') execute function everwarm.${identifier(captureFunction(captured.source.table, 'moved'))}()`,
      );
    if (isRoot || off.includes(trigger)) statements.push(always(trigger));
  }
  return statements;
}

/** Says that a row may move from now on. */
const movingFunctionSql = `create or replace function everwarm.capture_moving() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $capture$
begin
  perform set_config('${setting}', 'on', true);
  return null;
end
$capture$`;

/** Would leave the row as it is, if it were ever called. */
const storedRowFunctionSql = `create or replace function everwarm.capture_stored_row() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $capture$
begin
  return new;
end
$capture$`;

/** Records one row that left a partition or arrived in one. It cannot fail the writer. */
function movedFunctionSql(captured: CapturedTable): string {
  const { source, aggregates } = captured;
  // What was added up of a row that moved cannot be told from here: said once per transaction, as a TRUNCATE says it.
  const unsure = `everwarm.unsure_${source.id}`;
  const reset = deltaParts(aggregates, source, 'truncate');
  const resetOnce =
    aggregates.length === 0
      ? ''
      : `
  if current_setting('${unsure}', true) is distinct from 'on' then
    perform set_config('${unsure}', 'on', true);${reset.evaluate}${reset.append}
  end if;`;
  return `create or replace function everwarm.${identifier(captureFunction(source.table, 'moved'))}() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp ${sessionSettings(captured)} as $capture$
declare
  found text[];${reset.declare}
begin
  begin
    if tg_op = 'DELETE' then found := ${valuesSql(source, 'old')}; else found := ${valuesSql(source, 'new')}; end if;
  exception when others then
    found := null;
  end;
  insert into everwarm.outbox (slot, source, mask, vals) select (select slot from everwarm.outbox_slot), ${source.id}, -1, found;${resetOnce}
  return null;
end
$capture$`;
}
