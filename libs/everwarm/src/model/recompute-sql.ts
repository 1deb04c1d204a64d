import { castText, jsonText, keyPartSql, keyTextSql } from './forms.ts';
import { identifier, qualified, textLiteral } from './literal.ts';
import type { AggregatePlan, OrderTerm, PlanField, PlanNode } from './plan.ts';
import { type ColumnInfo, definition } from './schema.ts';

/** The keys of a batch as a relation `k (key)`: every statement of the engine that takes keys takes them so. */
export const keysRelation = 'unnest($1::text[]) as k (key)';

/**
 * The statement that derives whole documents for a batch of keys, as finished JSON text. The text is put together from
 * scalars by concatenation, which measured faster than building json values and serialising them.
 */
export function recomputeSql(root: PlanNode): string {
  return `select k.key, (select ${objectSql(root)} from ${fromSql(root)} where ${and([keyCondition(root, 'k.key'), ...filters(root)])}) as doc\nfrom ${keysRelation}`;
}

/** The condition that a root row has the key whose text is `key`. */
export function keyCondition(root: PlanNode, key: string): string {
  const primary = root.scope.info.primaryKey;
  return and(primary.map((column, index) => `${columnSql(root, column)} = ${castText(column, keyPartSql(key, index, primary.length))}`));
}

/** The text of a root row's key. */
export function rootKeySql(root: PlanNode): string {
  return keyTextSql(root.scope.info.primaryKey.map((column) => columnSql(root, column)));
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

/** One sort term. */
function orderTermSql(term: OrderTerm): string {
  return `${term.sql}${term.descending ? ' desc' : ''}${term.nullsFirst === term.descending ? '' : term.nullsFirst ? ' nulls first' : ' nulls last'}`;
}

function objectSql(node: PlanNode): string {
  const parts = node.fields.map(
    (field, index) => `${textLiteral(`${index === 0 ? '{' : ','}${JSON.stringify(field.name)}:`)} || ${fieldSql(node, field)}`,
  );
  return `${parts.join(' || ')} || '}'`;
}

function fieldSql(node: PlanNode, field: PlanField): string {
  switch (field.kind) {
    case 'column':
      return jsonText(field.column, columnSql(node, field.column), `${node.path}.${field.name}`);
    case 'extra':
      return `coalesce(to_json(${field.expression.sql})::text, 'null')`;
    case 'one':
      return `coalesce((select ${objectSql(field.node)} from ${fromSql(field.node)} where ${and(joinConditions(field.node))}${oneRow(field.node)}), 'null')`;
    case 'many':
      return arraySql(field.node, fromSql(field.node), joinConditions(field.node), keyOrder(field.node));
    case 'through':
      return arraySql(
        field.node,
        `${fromSql(field.via)} join ${fromSql(field.node)} on ${and(joinConditions(field.node))}`,
        [...joinConditions(field.via), ...filters(field.via)],
        [...keyOrder(field.node), ...keyOrder(field.via)],
      );
    case 'aggregate':
      return aggregateSql(field.aggregate);
  }
}

/** The primary key ends every order: without a total order two runs could give two texts. */
function arraySql(node: PlanNode, from: string, conditions: readonly string[], keys: readonly string[]): string {
  const order = [...node.orderBy.map(orderTermSql), ...keys].join(', ');
  const limit = node.limit === null ? '' : ` limit ${node.limit}`;
  const rows = `select ${objectSql(node)} as doc from ${from} where ${and([...conditions, ...filters(node)])} order by ${order}${limit}`;
  return `coalesce((select '[' || string_agg(${node.scope.alias}s.doc, ',') || ']' from (${rows}) ${node.scope.alias}s), '[]')`;
}

function keyOrder(node: PlanNode): string[] {
  return node.scope.info.primaryKey.map((column) => columnSql(node, column));
}

/** A relation to one that does not reach by the whole primary key could find several rows: the first by key is taken. */
function oneRow(node: PlanNode): string {
  const joined = new Set(node.join?.pairs.map((pair) => pair.child));
  return node.scope.info.primaryKey.every((column) => joined.has(column)) ? '' : ` order by ${keyOrder(node).join(', ')} limit 1`;
}

function aggregateSql({ function: kind, node, column }: AggregatePlan): string {
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
