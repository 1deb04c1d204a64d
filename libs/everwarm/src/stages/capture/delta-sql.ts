import type { KeptAggregate } from '#contracts/aggregates.ts';
import { maskOf, type Source } from '#contracts/change.ts';
import type { CaptureEvent } from '#contracts/names.ts';
import { type Arm, keptRowsSql, rowDeltasSql } from '#model/sql/kept-rows-sql.ts';

/** The parts of a capture function that keep aggregates; all empty for a table that has none, whose capture costs what it did. */
export type DeltaParts = {
  readonly declare: string;
  /** After `array_agg(d.change)` and before `into changed`, and the variable it fills. */
  readonly touched: { readonly select: string; readonly into: string; readonly unknown: string };
  readonly evaluate: string;
  readonly append: string;
};

const nothing: DeltaParts = { declare: '', touched: { select: '', into: '', unknown: '' }, evaluate: '', append: '' };

/**
 * What a capture function adds to append the deltas of these aggregates in the writer's transaction. They are evaluated in a
 * block of their own that cannot fail the writer: a condition that raises costs the aggregates of the table their bases (a delta
 * without a key), while the change itself is still recorded exactly. An update that touches none of their columns costs a
 * comparison of bits. `changed` is what the function found out before.
 */
export function deltaParts(aggregates: readonly KeptAggregate[], source: Source, event: CaptureEvent): DeltaParts {
  if (aggregates.length === 0) return nothing;
  const unknown = `array[${aggregates.map(({ id }) => `row(${id}, null, 0, 0, 0, 0)::everwarm.delta`).join(', ')}]`;
  const declare = '\n  deltas everwarm.delta[];';
  const append = `
  if deltas is not null then
    insert into everwarm.aggregate_deltas (aggregate, key, rows, present, total, special) select * from unnest(deltas);
  end if;`;
  if (event === 'truncate') return { ...nothing, declare, evaluate: `\n  deltas := ${unknown};`, append };
  const isUpdate = event === 'update';
  const mask = maskOf(source, [...new Set(aggregates.flatMap(({ columns }) => columns))]);
  return {
    declare: isUpdate ? `${declare}\n  touched bigint;` : declare,
    touched: isUpdate ? { select: ', bit_or((d.change).mask)', into: ', touched', unknown: '\n    touched := -1;' } : nothing.touched,
    evaluate: `
  if ${isUpdate ? `(touched & ${mask}::bigint) <> 0` : 'changed is not null'} then
    begin
      select array_agg(d.delta) into deltas from (${deltasSql(aggregates, event)}) d;
    exception when others then
      deltas := ${unknown};
    end;
  end if;`,
    append,
  };
}

/** What few rows that came, or went, add up to: an expression over them that gives a delta for each row and aggregate, null without any. */
export function fewDeltasSql(aggregates: readonly KeptAggregate[], event: 'insert' | 'delete'): string | null {
  if (aggregates.length === 0) return null;
  return aggregates.map((aggregate) => rowDeltasSql(aggregate, event === 'insert' ? 1 : -1)).join(' || ');
}

function deltasSql(aggregates: readonly KeptAggregate[], event: 'insert' | 'update' | 'delete'): string {
  const came: Arm = { from: 'newtab', sign: 1 };
  const went: Arm = { from: 'oldtab', sign: -1 };
  const arms = { insert: [came], delete: [went], update: [went, came] }[event];
  return `select row(k.aggregate, k.key, k.rows, k.present, k.total, k.special)::everwarm.delta as delta from (${keptRowsSql(aggregates, arms)}) k`;
}
