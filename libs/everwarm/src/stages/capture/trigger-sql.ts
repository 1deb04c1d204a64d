import type { KeptAggregate } from '#contracts/aggregates.ts';
import type { Source } from '#contracts/change.ts';
import { maskBits } from '#contracts/change.ts';
import type { TableName } from '#contracts/compiled.ts';
import { type CaptureEvent, captureFunction, captureTriggerPrefix } from '#contracts/names.ts';
import { aggregatedRow } from '#model/plan/keep-aggregates.ts';
import { identifier, qualified } from '#model/sql/literal.ts';
import { deltaParts, fewDeltasSql } from './delta-sql.ts';

/**
 * A table to capture: its source, the columns of its primary key, whether a link's text depends on session settings, and for
 * each virtual generated column those it is computed from, since transition tables hold null for it.
 */
export type CapturedTable = {
  readonly source: Source;
  readonly primaryKey: readonly string[];
  readonly sessionDependent: boolean;
  readonly basis: ReadonlyMap<string, readonly string[]>;
  /** What is kept of the table's rows by deltas. */
  readonly aggregates: readonly KeptAggregate[];
};

/** The events a captured table has a trigger for. */
export const captureEvents: readonly CaptureEvent[] = ['insert', 'update', 'delete', 'truncate'];

/** The name of the trigger for an event. */
export const triggerName = (event: CaptureEvent): string => `${captureTriggerPrefix}_${event}`;

/** Statements that touch at most so many rows are told row by row, without sorting out what says the same. */
const fewRows = 8;

/**
 * The capture function for one event. It reads the transition tables inside a block that cannot fail the writer: when DDL
 * took a column away it records "anything may have changed" instead. Only the read stands in that block, so its
 * subtransaction never needs an id of its own. The insert stands outside: a change is captured exactly when it commits.
 * A statement that inserts or deletes few rows is read in one pass, since what a trigger costs is mostly the number of its statements.
 */
export function captureFunctionSql(captured: CapturedTable, event: CaptureEvent): string {
  const { source, aggregates } = captured;
  const deltas = deltaParts(aggregates, source, event);
  const few = event === 'insert' || event === 'delete' ? readFewSql(captured, event) : null;
  return `create or replace function everwarm.${identifier(captureFunction(source.table, event))}() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp ${sessionSettings(captured)} as $capture$
declare
  changed everwarm.change[];${few === null ? '' : '\n  seen bigint;'}${deltas.declare}
begin${few ?? ''}
  begin
    ${event === 'truncate' ? `changed := array[row(-1, null)::everwarm.change];` : `select array_agg(d.change)${deltas.touched.select} into changed${deltas.touched.into} from (${changesSql(captured, event)}) d;`}
  exception when others then
    changed := array[row(-1, null)::everwarm.change];${deltas.touched.unknown}
  end;${deltas.evaluate}${few === null ? '' : '\n  end if;'}
  if changed is not null then
    insert into everwarm.outbox (slot, source, mask, vals)
    select (select slot from everwarm.outbox_slot), ${source.id}, c.mask, c.vals from unnest(changed) c;
  end if;${deltas.append}
  return null;
end
$capture$`;
}

/** Reads few rows whole, and opens the branch for many of them. A row that cannot be read so is left to that branch, which tells what it can. */
function readFewSql({ source, aggregates }: CapturedTable, event: 'insert' | 'delete'): string {
  const deltas = fewDeltasSql(aggregates, event);
  return `
  begin
    select count(*), array_agg(row(-1, ${valuesSql(source, aggregatedRow)})::everwarm.change)${deltas === null ? '' : `, ${deltas}`}
    into seen, changed${deltas === null ? '' : ', deltas'} from (select * from ${event === 'insert' ? 'newtab' : 'oldtab'} limit ${fewRows + 1}) ${aggregatedRow};
  exception when others then
    seen := null;
  end;
  if seen is null or seen > ${fewRows} then${deltas === null ? '' : '\n  deltas := null;'}`;
}

/** A key's text must not depend on the writer's session; where it cannot, the settings' cost per statement is saved. */
export function sessionSettings({ sessionDependent }: CapturedTable): string {
  return sessionDependent
    ? "set timezone = 'UTC' set datestyle = 'ISO, YMD' set intervalstyle = 'postgres' set bytea_output = 'hex' set extra_float_digits = 1"
    : '';
}

/** The statements that put a trigger for one event on a table or a partition of it, or put it right, and make it fire for replicated sessions too. */
export function createTriggerSql(source: Source, event: CaptureEvent, on: TableName = source.table): string[] {
  const table = qualified(on);
  const name = identifier(triggerName(event));
  const transition = {
    insert: ' referencing new table as newtab',
    update: ' referencing old table as oldtab new table as newtab',
    delete: ' referencing old table as oldtab',
    truncate: '',
  }[event];
  return [
    `create or replace trigger ${name} after ${event} on ${table}${transition} for each statement execute function everwarm.${identifier(captureFunction(source.table, event))}()`,
    `alter table ${table} enable always trigger ${name}`,
  ];
}

function changesSql(captured: CapturedTable, event: CaptureEvent): string {
  const { source, primaryKey } = captured;
  if (event !== 'update')
    return `select distinct on (vals) row(-1, vals)::everwarm.change as change from (select ${valuesSql(source, 't')} as vals from ${event === 'insert' ? 'newtab' : 'oldtab'} t) r`;
  const key = primaryKey[0] ?? '';
  // Full join: an inner join would keep the nested loop of its first, small call; and a changed key shows as two rows.
  const join = primaryKey.map((column) => `o.${identifier(column)} = n.${identifier(column)}`).join(' and ');
  const sides = (['o', 'n'] as const).map(
    (side) => `select ${valuesSql(source, side)} as vals where ${side}.${identifier(key)} is not null`,
  );
  // Many rows of one parent say the same: told once, at no cost that could be measured for a single row.
  return `select row(u.mask, u.vals)::everwarm.change as change from (select distinct m.mask, v.vals
    from oldtab o full join newtab n on ${join}
    cross join lateral (select ${maskSql(captured, key)} as mask) m
    cross join lateral (${sides.join(' union ')}) v
    where m.mask <> 0) u`;
}

/** A row's link values as text[]. */
export function valuesSql(source: Source, alias: string): string {
  return `array[${source.links.map((column) => `${alias}.${identifier(column)}::text`).join(', ')}]::text[]`;
}

/** Compared by image: `is distinct from` calls 1.0 and 1.00 equal, and fails on types without equality such as json. */
function maskSql({ source, basis }: CapturedTable, key: string): string {
  const groups = new Map<number, string[]>();
  for (const [index, column] of source.columns.entries()) {
    const bit = Math.min(index, maskBits - 1);
    groups.set(bit, [...(groups.get(bit) ?? []), ...(basis.get(column) ?? [column])]);
  }
  const bits = [...groups].map(([bit, columns]) => {
    const side = (alias: string) => columns.map((column) => `${alias}.${identifier(column)}`).join(', ');
    return `case when record_image_ne(row(${side('o')}), row(${side('n')})) then ${1n << BigInt(bit)}::bigint else 0 end`;
  });
  return `case when o.${identifier(key)} is null or n.${identifier(key)} is null then -1::bigint else ${bits.join(' | ')} end`;
}
