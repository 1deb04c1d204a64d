import { entries, knownOption, object, type RawQuery } from './declared.ts';
import type { DocumentPlan, NodeJoin, PlanField, PlanNode } from './plan.ts';
import { planAggregates } from './plan-aggregates.ts';
import { planColumns, planExtras } from './plan-fields.ts';
import { planLimit, planOrder, planWhere } from './plan-terms.ts';
import { many, openScope, type Planning } from './planning.ts';
import { type Casing, definition, type SchemaIndex, type TableInfo } from './schema.ts';

const options = new Set(['columns', 'with', 'extras', 'aggregates', 'through', 'where', 'orderBy', 'limit']);
const rootOptions = new Set(['columns', 'with', 'extras', 'aggregates', 'through', 'where', 'name']);

/**
 * Turns a declaration into a plan. Pure. Throws E_DEFINITION, naming the model and the path, for any option or shape that is
 * not supported, and never guesses.
 */
export function planDocument(schema: SchemaIndex, casing: Casing | undefined, name: string, root: string, query: RawQuery): DocumentPlan {
  for (const option of Object.keys(query)) {
    if (option === 'orderBy' || option === 'limit' || option === 'offset')
      throw definition(name, `has "${option}" at its root. A read model is keyed by its primary key; use a list for order and pages.`);
    knownOption(option, rootOptions, name);
  }
  const planning: Planning = { schema, casing, fragments: [], aliases: 0 };
  const plan = planNode(planning, schema.table(root, name), null, query, name);
  return { name, root: plan, fragments: planning.fragments };
}

function planNode(planning: Planning, table: TableInfo, join: NodeJoin | null, query: RawQuery, path: string): PlanNode {
  for (const option of Object.keys(query)) {
    if (!(join === null && option === 'name')) knownOption(option, options, path);
  }
  const scope = openScope(planning, table);
  const fields: PlanField[] = [];
  const node: PlanNode = {
    path,
    scope,
    join,
    where: planWhere(scope, query.where, `${path}.where`),
    fields,
    orderBy: planOrder(scope, query.orderBy, `${path}.orderBy`),
    limit: planLimit(query.limit, `${path}.limit`),
  };
  fields.push(...planColumns(table, query.columns, path), ...planExtras(scope, query.extras, `${path}.extras`));
  for (const [name, nested] of entries(query.with, `${path}.with`)) {
    if (nested === undefined || nested === false) continue;
    const relation = planning.schema.relation(table, name, `${path}.${name}`);
    const child = planNode(
      planning,
      relation.target,
      { parent: node, pairs: relation.join },
      nested === true ? {} : object(nested, `${path}.${name}`),
      `${path}.${name}`,
    );
    if (relation.kind === 'one' && (child.limit !== null || child.where.length > 0 || child.orderBy.length > 0))
      throw definition(child.path, 'is a single row and takes no "where", "orderBy" or "limit". Leave them out, or relate by many().');
    fields.push({ kind: relation.kind, name, node: child });
  }
  for (const [name, nested] of entries(query.through, `${path}.through`))
    fields.push(planThrough(planning, node, name, object(nested, `${path}.${name}`)));
  fields.push(...planAggregates(planning, node, query.aggregates));
  const seen = new Set<string>();
  for (const field of fields) {
    if (seen.has(field.name)) throw definition(`${path}.${field.name}`, 'is declared twice. Rename one of the two.');
    seen.add(field.name);
  }
  if (fields.length === 0) throw definition(path, 'selects nothing. Name a column, a relation or an aggregate.');
  return node;
}

function planThrough(planning: Planning, parent: PlanNode, name: string, { via, to, joinWhere, ...query }: RawQuery): PlanField {
  const path = `${parent.path}.${name}`;
  if (typeof via !== 'string' || typeof to !== 'string')
    throw definition(path, 'needs "via" (the relation to the join table) and "to" (the relation from it). Give both.');
  const first = many(planning.schema.relation(parent.scope.info, via, path), path);
  const scope = openScope(planning, first.target);
  const join: PlanNode = {
    path: `${path}.${via}`,
    scope,
    join: { parent, pairs: first.join },
    where: planWhere(scope, joinWhere, `${path}.joinWhere`),
    fields: [],
    orderBy: [],
    limit: null,
  };
  const second = planning.schema.relation(first.target, to, path);
  return { kind: 'through', name, via: join, node: planNode(planning, second.target, { parent: join, pairs: second.join }, query, path) };
}
