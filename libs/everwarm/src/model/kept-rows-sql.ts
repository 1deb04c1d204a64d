import type { KeptAggregate } from '#contracts/aggregates.ts';
import { keyTextSql } from './forms.ts';
import { aggregatedRow } from './keep-aggregates.ts';
import { identifier } from './literal.ts';

/** Rows that count into an aggregate, or out of it: a relation and a sign. */
export type Arm = { readonly from: string; readonly sign: 1 | -1 };

/**
 * What these rows add up to, per key: (key, rows, present, total, special), without keys for which it is nothing. `present` and
 * `total` are number and sum of the values that are numbers, `special` is how many are NaN or infinite.
 */
export function keptRowsSql(aggregate: KeptAggregate, arms: readonly Arm[]): string {
  const column = (name: string) => `${aggregatedRow}.${identifier(name)}`;
  const conditions = [
    ...aggregate.link.map((name) => `${column(name)} is not null`),
    ...(aggregate.where === null ? [] : [`(${aggregate.where})`]),
  ];
  // As numeric before the sign is put on it: the smallest of all integers has no opposite.
  const value = aggregate.value === null ? '' : `, ${column(aggregate.value.name)}::numeric as v`;
  const rows = arms.map(
    ({ from, sign }) =>
      `select ${sign} as n, (${keyTextSql(aggregate.link.map(column))}) collate "C" as key${value} from ${from} ${aggregatedRow} where ${conditions.join(' and ')}`,
  );
  const isNumber = `v not in ('NaN', 'Infinity', '-Infinity')`;
  const sums =
    aggregate.value === null
      ? { present: '0::bigint', total: '0::numeric', special: '0::bigint' }
      : {
          present: `coalesce(sum(n) filter (where ${isNumber}), 0)`,
          total: `coalesce(sum(n * v) filter (where ${isNumber}), 0)`,
          special: `coalesce(sum(n) filter (where not ${isNumber}), 0)`,
        };
  const something = ['sum(n)', ...(aggregate.value === null ? [] : Object.values(sums))].map((sum) => `${sum} <> 0`).join(' or ');
  return `select key, sum(n) as rows, ${sums.present} as present, ${sums.total} as total, ${sums.special} as special
from (${rows.join(' union all ')}) q group by key having ${something}`;
}
