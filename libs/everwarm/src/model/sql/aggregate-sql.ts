import { joinPairs, keep } from '#model/plan/keep-aggregates.ts';
import type { AggregatePlan } from '#model/plan/plan.ts';
import { definition } from '#model/schema.ts';
import { jsonText, keyTextSql } from './forms.ts';
import { and, columnSql, filters, fromSql, joinConditions, keyOrder } from './node-sql.ts';

/** Where a statement takes aggregates from: what is kept of them, or nothing but the source tables. */
export type AggregateSource = 'kept' | 'sources';

/** An aggregate's value as JSON text, as a scalar over its parent's row. */
export function aggregateSql(plan: AggregatePlan, source: AggregateSource): string {
  const kept = source === 'kept' ? keep(plan) : null;
  return typeof kept === 'object' && kept !== null ? keptSql(plan, kept.id) : rereadSql(plan);
}

/** Everything that is kept of an aggregate for one key: the base that was folded and what committed since, in one snapshot. */
const parts = 'b.rows, b.present, b.total, b.special';

/**
 * Base and unfolded deltas of the parent's key. Null, and then the rows are read again, while the aggregate is not ready (its
 * bases were never set, or a change went by that no delta tells), and where a value that is no number is among those summed.
 */
function keptSql(plan: AggregatePlan, id: string): string {
  const { node } = plan;
  const key = keyTextSql(joinPairs(node).flatMap(({ parent }) => (node.join ? [columnSql(node.join.parent, parent)] : [])));
  const of = (table: string) => `select ${parts} from everwarm.${table} b where b.aggregate = ${id} and b.key = (${key}) collate "C"`;
  const value = `select ${sumsToJson(plan)} from (${of('aggregate_bases')} union all ${of('aggregate_deltas')}) s`;
  return `coalesce(case when ${readySql(id)} then (${value}) end, ${rereadSql(plan)})`;
}

/** Whether what is kept of an aggregate may be used. A delta without a key says that rows changed which it cannot name. */
function readySql(id: string): string {
  return `(select a.ready and not exists (select from everwarm.aggregate_deltas d where d.aggregate = ${id} and d.key is null) from everwarm.aggregates a where a.id = ${id})`;
}

/** The same text that count, sum and avg over the rows would give. */
function sumsToJson({ function: kind, node, column }: AggregatePlan): string {
  if (!column) return 'coalesce(sum(s.rows), 0)::text';
  const present = 'coalesce(sum(s.present), 0)';
  const text =
    kind === 'sum'
      ? // Zero of no rows is 0, of rows with two digits behind the point 0.00.
        jsonText(column, `case when ${present} = 0 then 0 else sum(s.total) end`, node.path, false)
      : `coalesce(to_json((sum(s.total) / nullif(${present}, 0))::text)::text, 'null')`;
  return `case when coalesce(sum(s.special), 0) = 0 then ${text} end`;
}

/** The aggregate over the rows themselves. */
function rereadSql({ function: kind, node, column }: AggregatePlan): string {
  const source = `from ${fromSql(node)} where ${and([...joinConditions(node), ...filters(node)])}`;
  if (kind === 'count') return `(select count(*)::text ${source})`;
  if (!column) throw definition(node.path, `needs a column for ${kind}.`);
  const value = `${kind}(${columnSql(node, column)})`;
  if (kind === 'sum') return `(select ${jsonText(column, `coalesce(${value}, 0)`, node.path, false)} ${source})`;
  if (kind === 'avg') return `(select coalesce(to_json(${value}::text)::text, 'null') ${source})`;
  // Not min() or max(): of numerics that are equal and print differently, such as 1.0 and 1.00, they give whichever they met first.
  const sorted = [`${columnSql(node, column)}${kind === 'max' ? ' desc' : ''}`, ...keyOrder(node)].join(', ');
  const extreme = `${jsonText(column, columnSql(node, column), node.path, false)} ${source} and ${columnSql(node, column)} is not null order by ${sorted} limit 1`;
  return `coalesce((select ${extreme}), 'null')`;
}
