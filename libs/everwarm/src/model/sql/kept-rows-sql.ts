import type { KeptAggregate } from '#contracts/aggregates.ts';
import { aggregatedRow } from '#model/plan/keep-aggregates.ts';
import { keyTextSql } from './forms.ts';
import { identifier } from './literal.ts';

/** Rows that count into an aggregate, or out of it: a relation and a sign. */
export type Arm = { readonly from: string; readonly sign: 1 | -1 };

const column = (name: string) => `${aggregatedRow}.${identifier(name)}`;

const isNumber = `v not in ('NaN', 'Infinity', '-Infinity')`;

/**
 * What these rows add up to, per aggregate and key: (aggregate, key, rows, present, total, special), without those for which it is
 * nothing. `present` and `total` are number and sum of the values that are numbers, `special` is how many are NaN or infinite.
 * Aggregates with the same link share one pass over the rows: each further one costs a row in it and not a plan of its own.
 */
export function keptRowsSql(aggregates: readonly KeptAggregate[], arms: readonly Arm[]): string {
  const groups = new Map<string, KeptAggregate[]>();
  for (const aggregate of aggregates) {
    const link = JSON.stringify(aggregate.link);
    groups.set(link, [...(groups.get(link) ?? []), aggregate]);
  }
  return [...groups.values()].map((group) => groupSql(group, arms)).join('\nunion all ');
}

function groupSql(aggregates: readonly KeptAggregate[], arms: readonly Arm[]): string {
  const link = aggregates[0]?.link ?? [];
  const parts = aggregates.map(({ id, where, value }) => {
    // As numeric before the sign is put on it: the smallest of all integers has no opposite.
    return `(${id}::bigint, ${where === null ? 'true' : `(${where})`}, ${value === null ? 'null' : column(value.name)}::numeric)`;
  });
  const isLinked = link.map((name) => `${column(name)} is not null`).join(' and ');
  const rows = arms.map(
    ({ from, sign }) =>
      `select a.aggregate, (${keyTextSql(link.map(column))}) collate "C" as key, ${sign} as n, a.v from ${from} ${aggregatedRow} cross join lateral (values ${parts.join(', ')}) a (aggregate, counts, v) where ${isLinked} and a.counts`,
  );
  const sums = aggregates.every(({ value }) => value === null)
    ? ['0::bigint', '0::numeric', '0::bigint']
    : [
        `coalesce(sum(n) filter (where ${isNumber}), 0)`,
        `coalesce(sum(n * v) filter (where ${isNumber}), 0)`,
        `coalesce(sum(n) filter (where not ${isNumber}), 0)`,
      ];
  const [present = '', total = '', special = ''] = sums;
  // Rows that only came, or only went, are never nothing.
  const something = arms.length === 1 ? '' : ` having (sum(n), ${sums.join(', ')}) <> (0, 0, 0, 0)`;
  return `select aggregate, key, sum(n) as rows, ${present} as present, ${total} as total, ${special} as special
from (${rows.join(' union all ')}) q group by aggregate, key${something}`;
}

/**
 * A delta for each of these rows and one aggregate, as an aggregate expression over rows called `r`: the type `everwarm.delta[]`,
 * null where no row counts. Adding them up is left to whoever reads them, so it is for few rows.
 */
export function rowDeltasSql({ id, link, where, value }: KeptAggregate, sign: 1 | -1): string {
  const counts = [...link.map((name) => `${column(name)} is not null`), ...(where === null ? [] : [`(${where})`])].join(' and ');
  return `array_agg(row(${id}, ${keyTextSql(link.map(column))}, ${sign}, ${sums(value, sign)})::everwarm.delta) filter (where ${counts})`;
}

/** What one row adds to present, total and special. A value that is null adds nothing. */
function sums(value: KeptAggregate['value'], sign: 1 | -1): string {
  if (value === null) return '0, 0, 0';
  const v = `${column(value.name)}::numeric`;
  const when = (then: string, otherwise: string) =>
    `case when ${column(value.name)} is null then 0 when ${v} in ('NaN', 'Infinity', '-Infinity') then ${otherwise} else ${then} end`;
  return [when(String(sign), '0'), when(`${sign} * ${v}`, '0'), when('0', String(sign))].join(', ');
}
