import { type Casing, type ColumnInfo, definition, type SchemaIndex, type TableInfo } from '#model/schema.ts';
import { entries, knownOption, object, type RawQuery } from './declared.ts';
import { nestedAt, within } from './embedded.ts';
import type { Expression } from './expression.ts';
import type { DocumentPlan, NodeJoin, OrderTerm, PlanField, PlanNode } from './plan.ts';
import { planAggregates } from './plan-aggregates.ts';
import { planDependsOn } from './plan-depends-on.ts';
import { planColumns, planExtras } from './plan-fields.ts';
import { planReads } from './plan-reads.ts';
import { planLimit, planOrder, planWhere } from './plan-terms.ts';
import { many, openScope, type Planning } from './planning.ts';
import { keyWithTenant, planTenant, tenantFirst } from './tenant.ts';

const options = new Set(['columns', 'with', 'extras', 'aggregates', 'through', 'reads', 'where', 'orderBy', 'limit']);
const rootOptions = new Set(['columns', 'with', 'extras', 'aggregates', 'through', 'reads', 'dependsOn', 'where', 'name', 'tenantBy']);
const none: RawQuery = {};

/**
 * Turns a declaration into a plan. Pure. Throws E_DEFINITION, naming the model and the path, for any option or shape that is
 * not supported, and never guesses.
 */
export function planDocument(
  schema: SchemaIndex,
  casing: Casing | undefined,
  { name, root, query }: { readonly name: string; readonly root: string; readonly query: RawQuery },
  forward: Planning['forward'] = 'followed',
): DocumentPlan {
  for (const option of Object.keys(query)) {
    if (option === 'orderBy' || option === 'limit' || option === 'offset')
      throw definition(name, `has "${option}" at its root. A read model is keyed by its primary key; use a list for order and pages.`);
    knownOption(option, rootOptions, name);
  }
  const { name: _, dependsOn: declared, tenantBy, ...rest } = query;
  const dependsOn = planDependsOn(schema, casing, name, declared);
  const planning: Planning = {
    schema,
    casing,
    fragments: [],
    aliases: 0,
    within: [{ name, query }],
    forward,
    readable: dependsOn.readable,
  };
  const table = schema.table(root, name);
  const plan = planNode(planning, table, null, rest, name, { tenant: planTenant(table, tenantBy, name) });
  return { name, root: plan, fragments: planning.fragments, dependsOn: dependsOn.compile(plan) };
}

/** One node: `around` is what stands around an embedded model, in addition to what the model itself says; `tenant` is a root's. */
function planNode(
  planning: Planning,
  table: TableInfo,
  join: NodeJoin | null,
  query: RawQuery,
  path: string,
  { around = none, tenant = null }: { readonly around?: RawQuery; readonly tenant?: ColumnInfo | null } = {},
): PlanNode {
  for (const option of Object.keys(query)) knownOption(option, options, path);
  const scope = openScope(planning, table);
  scope.readable.push(...planning.readable);
  const fields: PlanField[] = [];
  const where: Expression[] = [];
  const orderBy: OrderTerm[] = [];
  const reads: PlanNode[] = [];
  const limit = planLimit(around['limit'] ?? query['limit'], `${path}.limit`);
  const key = tenant && { key: keyWithTenant(table, tenant) };
  const node: PlanNode = { path, scope, join, where, fields, orderBy, limit, reads, ...key };
  reads.push(...planReads(planning, node, query['reads'], scope.readable));
  where.push(...planWhere(scope, query['where'], `${path}.where`), ...planWhere(scope, around['where'], `${path}.where`));
  orderBy.push(...planOrder(scope, around['orderBy'] ?? query['orderBy'], `${path}.orderBy`));
  const own = [...planColumns(scope, query['columns'], path), ...planExtras(scope, query['extras'], `${path}.extras`)];
  fields.push(...(tenant ? tenantFirst(own, tenant, path) : own));
  for (const [name, nested] of entries(query['with'], `${path}.with`)) {
    if (nested === undefined || nested === false) continue;
    fields.push(...planRelation(planning, node, name, nested));
  }
  for (const [name, nested] of entries(query['through'], `${path}.through`))
    fields.push(...planThrough(planning, node, name, object(nested, `${path}.${name}`)));
  fields.push(...planAggregates(planning, node, query['aggregates']));
  const seen = new Set<string>();
  for (const field of fields) {
    if (seen.has(field.name)) throw definition(`${path}.${field.name}`, 'is declared twice. Rename one of the two.');
    seen.add(field.name);
  }
  const awaits = planning.forward === 'left' && (query['with'] !== undefined || query['through'] !== undefined);
  if (fields.length === 0 && !awaits) throw definition(path, 'selects nothing. Name a column, a relation or an aggregate.');
  return node;
}

function planRelation(planning: Planning, parent: PlanNode, name: string, value: unknown): PlanField[] {
  const path = `${parent.path}.${name}`;
  const { kind, target, join: pairs } = planning.schema.relation(parent.scope.info, name, path);
  const nested = nestedAt(planning, value, target, path);
  if (nested === null) return [];
  const { model, query, around } = nested;
  const node = within(planning, model, path, () => planNode(planning, target, { parent, pairs }, query, path, { around }));
  if (kind === 'one' && (node.limit !== null || node.orderBy.length > 0 || (model === null ? node.where.length > 0 : 'where' in around)))
    throw definition(path, 'is a single row and takes no "where", "orderBy" or "limit". Leave them out, or relate by many().');
  return [{ kind, name, node }];
}

function planThrough(planning: Planning, parent: PlanNode, name: string, { via, to, joinWhere, ...value }: RawQuery): PlanField[] {
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
  const { target, join: pairs } = planning.schema.relation(first.target, to, path);
  const nested = nestedAt(planning, value, target, path);
  if (nested === null) return [];
  const { model, query, around } = nested;
  const node = within(planning, model, path, () => planNode(planning, target, { parent: join, pairs }, query, path, { around }));
  return [{ kind: 'through', name, via: join, node }];
}
