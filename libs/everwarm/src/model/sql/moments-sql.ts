import { expressionsOf, nodesOf, type PlanNode } from '#model/plan/plan.ts';
import { and, fromSql, joinConditions, keyCondition, keysRelation } from './node-sql.ts';

/** A node's own filters without those that look at the time, which hold at one moment and not at another. */
export function steadyFilters(node: PlanNode): string[] {
  return node.where.flatMap(({ sql, timed }) => (timed ? timed.steady : [`(${sql})`]));
}

/**
 * The statement that gives for each of a batch of keys the next moment at which the time alone may change its document, over
 * all rows that the document's query joins. What the time lets in and out is left aside, limits too: a moment too many costs a
 * recompute, a missed one a stale document. Undefined for a plan that never looks at the time.
 */
export function momentsSql(root: PlanNode): string | undefined {
  const branches = [...nodesOf(root)].flatMap((node) => {
    const moments = [...new Set(expressionsOf(node).flatMap((expression) => expression.timed?.moments ?? []))];
    return moments.length === 0 ? [] : [branchSql(node, moments)];
  });
  if (branches.length === 0) return undefined;
  return `select k.key, min(m.at) as at from ${keysRelation} join ${fromSql(root)} on ${and([keyCondition(root, 'k.key'), ...steadyFilters(root)])}
cross join lateral (${branches.join('\nunion all ')}) m group by k.key`;
}

/** The moments of one node's rows that have not passed, beginning at the root's row, which stands outside. */
function branchSql(node: PlanNode, moments: readonly string[]): string {
  const way: PlanNode[] = [];
  for (let at = node; at.join !== null; at = at.join.parent) way.unshift(at);
  const tables = way.map((step) => `${fromSql(step)} cross join `).join('');
  const conditions = way.flatMap((step) => [...joinConditions(step), ...steadyFilters(step)]);
  return `select v.at from ${tables}lateral (values ${moments.map((moment) => `(${moment})`).join(', ')}) v (at) where ${and([...conditions, 'v.at >= now()'])}`;
}
