import type { Dependency } from '#contracts/compiled.ts';
import { expressionsOf, type PlanNode, rootKey } from '#model/plan/plan.ts';
import type { ColumnInfo } from '#model/schema.ts';
import { castText, keyTextSql, keyType } from './forms.ts';
import { and, columnSql, fromSql, rootKeySql } from './node-sql.ts';

/**
 * What one node of a plan makes its model depend on. The link is what ties its rows to the parent's: with the old and the
 * new values of these columns both the document that lost the row and the one that gained it are found.
 */
export function dependencyOf(node: PlanNode, extra: readonly ColumnInfo[]): Dependency {
  const link = linkColumns(node);
  for (const column of link) keyType(column, node.path);
  const read = new Set<ColumnInfo>([...link, ...extra, ...node.scope.info.primaryKey]);
  for (const field of node.fields) if (field.kind === 'column') read.add(field.column);
  for (const expression of expressionsOf(node)) for (const column of expression.columns) read.add(column);
  return {
    path: node.path,
    table: node.scope.info.name,
    columns: [...read].map((column) => column.name).sort(),
    link: link.map((column) => column.name),
    wayBack: wayBack(node, link),
  };
}

/** The columns of a node that lead towards the root: its own key for the root, else those that join it to its parent. */
function linkColumns(node: PlanNode): readonly ColumnInfo[] {
  return node.join === null ? rootKey(node) : inKeyOrder(node.join.parent, node.join.pairs).map((pair) => pair.child);
}

/** Join pairs in the order of the root's key where they cover it, so that a direct link is the key. */
function inKeyOrder(parent: PlanNode, pairs: NonNullable<PlanNode['join']>['pairs']): NonNullable<PlanNode['join']>['pairs'] {
  const key = rootKey(parent);
  if (parent.join !== null || pairs.length !== key.length) return pairs;
  const sorted = key.map((column) => pairs.find((pair) => pair.parent === column)).filter((pair) => pair !== undefined);
  return sorted.length === key.length ? sorted : pairs;
}

/** Whether the link of a node's rows is the key of the root, so that the way back needs no query. */
export function reachesRootKey(node: PlanNode): boolean {
  if (node.join === null) return true;
  const { parent, pairs } = node.join;
  const key = rootKey(parent);
  return parent.join === null && pairs.length === key.length && key.every((column) => pairs.some((pair) => pair.parent === column));
}

function wayBack(node: PlanNode, link: readonly ColumnInfo[]): Dependency['wayBack'] {
  if (node.join === null || reachesRootKey(node)) return { kind: 'direct' };
  const names = link.map((_, index) => `v${index}`);
  const changed = `unnest(${link.map((_, index) => `$${index + 1}::text[]`).join(', ')}) as c (${names.join(', ')})`;
  let from = changed;
  let at = node.join.parent;
  let on = inKeyOrder(at, node.join.pairs).map((pair, index) => `${columnSql(at, pair.parent)} = ${castText(pair.parent, `c.v${index}`)}`);
  while (at.join !== null && !reachesRootKey(at)) {
    // Each hop keeps each value once: through relations to many, the ways to a row grow with every hop, the rows do not.
    const { parent, pairs } = at.join;
    const values = pairs.map((pair, index) => `${columnSql(at, pair.child)} as v${index}`);
    from = `(select distinct ${values.join(', ')} from ${from} join ${fromSql(at)} on ${and(on)}) c`;
    on = pairs.map((pair, index) => `${columnSql(parent, pair.parent)} = c.v${index}`);
    at = parent;
  }
  const key =
    at.join === null ? rootKeySql(at) : keyTextSql(inKeyOrder(at.join.parent, at.join.pairs).map((pair) => columnSql(at, pair.child)));
  const present = at.join === null ? '' : ` where ${and(at.join.pairs.map((pair) => `${columnSql(at, pair.child)} is not null`))}`;
  return { kind: 'query', sql: `select distinct ${key} as key from ${from} join ${fromSql(at)} on ${and(on)}${present}` };
}
