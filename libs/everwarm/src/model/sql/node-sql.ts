import { type PlanNode, rootKey } from '#model/plan/plan.ts';
import type { ColumnInfo } from '#model/schema.ts';
import { castText, keyPartSql, keyTextSql } from './forms.ts';
import { identifier, qualified } from './literal.ts';

/** The keys of a batch as a relation `k (key)`: every statement of the engine that takes keys takes them so. */
export const keysRelation = 'unnest($1::text[]) as k (key)';

/** The condition that a root row has the key whose text is `key`. */
export function keyCondition(root: PlanNode, key: string): string {
  const columns = rootKey(root);
  return and(columns.map((column, index) => `${columnSql(root, column)} = ${castText(column, keyPartSql(key, index, columns.length))}`));
}

/** The text of a root row's key. */
export function rootKeySql(root: PlanNode): string {
  return keyTextSql(rootKey(root).map((column) => columnSql(root, column)));
}

/** A column under its node's alias. */
export function columnSql(node: PlanNode, column: ColumnInfo): string {
  return `${node.scope.alias}.${identifier(column.name)}`;
}

/** A node's table under its alias. */
export function fromSql(node: PlanNode): string {
  return `${qualified(node.scope.info.name)} ${node.scope.alias}`;
}

/** A node's own filters. */
export function filters(node: PlanNode): string[] {
  return node.where.map((condition) => `(${condition.sql})`);
}

/** The conditions that tie a node's rows to its parent's row. */
export function joinConditions(node: PlanNode): string[] {
  const { join } = node;
  return join ? join.pairs.map((pair) => `${columnSql(node, pair.child)} = ${columnSql(join.parent, pair.parent)}`) : [];
}

/** Conditions joined by `and`. */
export function and(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.join(' and ');
}

/** The primary key of a node, as sort terms. */
export function keyOrder(node: PlanNode): string[] {
  return node.scope.info.primaryKey.map((column) => columnSql(node, column));
}
