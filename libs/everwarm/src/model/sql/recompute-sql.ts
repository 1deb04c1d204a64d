import type { OrderTerm, PlanField, PlanNode } from '#model/plan/plan.ts';
import { type AggregateSource, aggregateSql } from './aggregate-sql.ts';
import { jsonText } from './forms.ts';
import { textLiteral } from './literal.ts';
import { and, columnSql, filters, fromSql, joinConditions, keyCondition, keyOrder, keysRelation } from './node-sql.ts';

/**
 * The statement that derives whole documents for a batch of keys, as finished JSON text. The text is put together from
 * scalars by concatenation, which measured faster than building json values and serialising them.
 */
export function recomputeSql(root: PlanNode, aggregates: AggregateSource): string {
  return `select k.key, (select ${objectSql(root, aggregates)} from ${fromSql(root)} where ${and([keyCondition(root, 'k.key'), ...filters(root)])}) as doc\nfrom ${keysRelation}`;
}

/** One sort term. */
function orderTermSql(term: OrderTerm): string {
  return `${term.sql}${term.descending ? ' desc' : ''}${term.nullsFirst === term.descending ? '' : term.nullsFirst ? ' nulls first' : ' nulls last'}`;
}

function objectSql(node: PlanNode, aggregates: AggregateSource): string {
  const parts = node.fields.map(
    (field, index) => `${textLiteral(`${index === 0 ? '{' : ','}${JSON.stringify(field.name)}:`)} || ${fieldSql(node, field, aggregates)}`,
  );
  return `${parts.join(' || ')} || '}'`;
}

function fieldSql(node: PlanNode, field: PlanField, aggregates: AggregateSource): string {
  switch (field.kind) {
    case 'column':
      return jsonText(field.column, columnSql(node, field.column), `${node.path}.${field.name}`);
    case 'extra':
      return `coalesce(to_json(${field.expression.sql})::text, 'null')`;
    case 'one':
      return `coalesce((select ${objectSql(field.node, aggregates)} from ${fromSql(field.node)} where ${and([...joinConditions(field.node), ...filters(field.node)])}${oneRow(field.node)}), 'null')`;
    case 'many':
      return arraySql(field.node, fromSql(field.node), joinConditions(field.node), keyOrder(field.node), aggregates);
    case 'through':
      return arraySql(
        field.node,
        `${fromSql(field.via)} join ${fromSql(field.node)} on ${and(joinConditions(field.node))}`,
        [...joinConditions(field.via), ...filters(field.via)],
        [...keyOrder(field.node), ...keyOrder(field.via)],
        aggregates,
      );
    case 'aggregate':
      return aggregateSql(field.aggregate, aggregates);
  }
}

/** The primary key ends every order: without a total order two runs could give two texts. */
function arraySql(
  node: PlanNode,
  from: string,
  conditions: readonly string[],
  keys: readonly string[],
  aggregates: AggregateSource,
): string {
  const order = [...node.orderBy.map(orderTermSql), ...keys].join(', ');
  const limit = node.limit === null ? '' : ` limit ${node.limit}`;
  const rows = `select ${objectSql(node, aggregates)} as doc from ${from} where ${and([...conditions, ...filters(node)])} order by ${order}${limit}`;
  return `coalesce((select '[' || string_agg(${node.scope.alias}s.doc, ',') || ']' from (${rows}) ${node.scope.alias}s), '[]')`;
}

/** A relation to one that does not reach by the whole primary key could find several rows: the first by key is taken. */
function oneRow(node: PlanNode): string {
  const joined = new Set(node.join?.pairs.map((pair) => pair.child));
  return node.scope.info.primaryKey.every((column) => joined.has(column)) ? '' : ` order by ${keyOrder(node).join(', ')} limit 1`;
}
