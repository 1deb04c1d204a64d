import { Column, getOperators, getOrderByOperators, is, SQL, StringChunk } from 'drizzle-orm';
import type { Fragment } from '#contracts/compiled.ts';
import { type Expression, type TableScope, tableScope } from './expression.ts';
import type { AggregatePlan, DocumentPlan, NodeJoin, OrderTerm, PlanField, PlanNode } from './plan.ts';
import { type Casing, columnNamed, definition, type ResolvedRelation, type SchemaIndex, type TableInfo } from './schema.ts';

/** A query config as it is at run time: Drizzle's relational query plus `through` and `aggregates`. */
export type RawQuery = { readonly [option: string]: unknown };

const options = new Set(['columns', 'with', 'extras', 'aggregates', 'through', 'where', 'orderBy', 'limit']);
const aggregateOptions: ReadonlySet<string> = new Set(['where']);
const rootOptions = new Set(['columns', 'with', 'extras', 'aggregates', 'through', 'where', 'name']);

/** What all parts of one planning share. */
type Planning = { readonly schema: SchemaIndex; readonly casing: Casing | undefined; readonly fragments: Fragment[]; aliases: number };

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
  const scope = tableScope(table, `t${planning.aliases++}`, planning.casing, planning.fragments);
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
  const scope = tableScope(first.target, `t${planning.aliases++}`, planning.casing, planning.fragments);
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

const numeric = new Set([
  'PgSmallInt',
  'PgSmallSerial',
  'PgInteger',
  'PgSerial',
  'PgBigInt53',
  'PgBigSerial53',
  'PgBigInt64',
  'PgBigSerial64',
  'PgNumeric',
  'PgNumericNumber',
  'PgNumericBigInt',
]);
const ordered = new Set([...numeric, 'PgText', 'PgVarchar', 'PgDate', 'PgDateString', 'PgTimestamp', 'PgTimestampString', 'PgTime']);

function planAggregates(planning: Planning, parent: PlanNode, build: unknown): PlanField[] {
  if (build === undefined) return [];
  if (typeof build !== 'function')
    throw definition(`${parent.path}.aggregates`, 'must be a function of the aggregate builder, such as (a) => ({ total: a.count(…) }).');
  const make =
    (kind: AggregatePlan['function']) =>
    (relation: string, ...rest: unknown[]) => ({
      everwarmAggregate: kind,
      relation,
      column: kind === 'count' ? undefined : rest[0],
      where: (kind === 'count' ? rest[0] : rest[1]) as { where?: unknown } | undefined,
    });
  const built: unknown = build({ count: make('count'), sum: make('sum'), avg: make('avg'), min: make('min'), max: make('max') });
  return entries(built, `${parent.path}.aggregates`).map(([name, value]) => {
    const path = `${parent.path}.${name}`;
    const spec = value as ReturnType<ReturnType<typeof make>>;
    if (typeof spec !== 'object' || spec === null || !('everwarmAggregate' in spec))
      throw definition(path, 'is not an aggregate of the builder. Use a.count, a.sum, a.avg, a.min or a.max.');
    const relation = many(planning.schema.relation(parent.scope.info, spec.relation, path), path);
    for (const option of Object.keys(spec.where ?? {})) knownOption(option, aggregateOptions, path);
    const scope = tableScope(relation.target, `t${planning.aliases++}`, planning.casing, planning.fragments);
    const node: PlanNode = {
      path,
      scope,
      join: { parent, pairs: relation.join },
      where: planWhere(scope, spec.where?.where, `${path}.where`),
      fields: [],
      orderBy: [],
      limit: null,
    };
    const kind = spec.everwarmAggregate;
    const column = kind === 'count' ? null : columnNamed(relation.target, String(spec.column), path);
    const allowed = kind === 'sum' || kind === 'avg' ? numeric : ordered;
    if (column && !allowed.has(column.column.columnType))
      throw definition(
        path,
        `takes ${kind} of "${column.property}" of type ${column.column.getSQLType()}, which is not supported. Use a column of integers or numerics${allowed === ordered ? ', texts, dates or times' : ''}.`,
      );
    return { kind: 'aggregate', name, aggregate: { function: kind, node, column } };
  });
}

function planColumns(table: TableInfo, selection: unknown, path: string): PlanField[] {
  const chosen = entries(selection, `${path}.columns`).filter(([, value]) => value !== undefined);
  for (const [name] of chosen) columnNamed(table, name, `${path}.columns`);
  const include = new Set(chosen.filter(([, value]) => value === true).map(([name]) => name));
  const exclude = new Set(chosen.filter(([, value]) => value === false).map(([name]) => name));
  const wanted =
    selection === undefined
      ? table.columns
      : include.size > 0 || exclude.size === 0
        ? table.columns.filter((column) => include.has(column.property))
        : table.columns.filter((column) => !exclude.has(column.property));
  return wanted.map((column) => ({ kind: 'column', name: column.property, column }));
}

function planExtras(scope: TableScope, extras: unknown, path: string): PlanField[] {
  const built: unknown = typeof extras === 'function' ? extras(scope.fields, getOrderByOperators()) : extras;
  return entries(built, path).map(([name, value]) => {
    if (!is(value, SQL.Aliased)) throw definition(`${path}.${name}`, "must be an SQL expression with .as('name').");
    return { kind: 'extra', name, expression: scope.render(value.sql, `${path}.${name}`) };
  });
}

/** The filter of one scope: none, an SQL expression, or a callback that gives one. */
export function planWhere(scope: TableScope, where: unknown, path: string): readonly Expression[] {
  const condition: unknown = typeof where === 'function' ? where(scope.fields, getOperators()) : where;
  if (condition === undefined) return [];
  if (!is(condition, SQL)) throw definition(path, 'must give an SQL condition. Use the operators that the callback receives.');
  return [scope.render(condition, path)];
}

/** What may end a term as raw SQL: its direction and the place of nulls, words of their own. */
const direction = /^([\s\S]*?)(?:(?<![\w"'$.])(asc|desc))?\s*(?:(?<![\w"'$.])nulls\s+(first|last))?\s*$/i;

/** The sort terms of one scope, as written. Directions are read from `asc`, `desc` and `nulls first | last`. */
export function planOrder(scope: TableScope, orderBy: unknown, path: string): OrderTerm[] {
  const built: unknown = typeof orderBy === 'function' ? orderBy(scope.fields, getOrderByOperators()) : orderBy;
  if (built === undefined) return [];
  return (Array.isArray(built) ? built : [built]).map((term: unknown, index) => {
    const place = `${path}[${index}]`;
    if (is(term, Column)) return { ...scope.render(term, place), descending: false, nullsFirst: false };
    if (!is(term, SQL)) throw definition(place, 'must be a column, asc(column) or desc(column).');
    const chunks = [...term.queryChunks];
    const tail = chunks.at(-1);
    const words = is(tail, StringChunk) ? direction.exec(tail.value.join('')) : null;
    if (words) chunks.splice(-1, 1, new StringChunk((words[1] ?? '').trimEnd()));
    const descending = words?.[2]?.toLowerCase() === 'desc';
    const nulls = words?.[3]?.toLowerCase();
    return { ...scope.render(new SQL(chunks), place), descending, nullsFirst: nulls === undefined ? descending : nulls === 'first' };
  });
}

function planLimit(limit: unknown, path: string): number | null {
  if (limit === undefined) return null;
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0)
    throw definition(path, 'must be a whole number written out, 0 or more.');
  return limit;
}

function knownOption(option: string, known: ReadonlySet<string>, path: string): void {
  if (!known.has(option))
    throw definition(path, `has the option "${option}", which is not supported. Supported are: ${[...known].join(', ')}.`);
}

function many(relation: ResolvedRelation, path: string): ResolvedRelation {
  if (relation.kind !== 'many')
    throw definition(
      path,
      `needs a relation to many rows, and this one leads to a single row of "${relation.target.property}". Name another.`,
    );
  return relation;
}

function object(value: unknown, path: string): RawQuery {
  if (typeof value !== 'object' || value === null) throw definition(path, 'must be an object.');
  return value as RawQuery;
}

function entries(value: unknown, path: string): [string, unknown][] {
  return value === undefined ? [] : Object.entries(object(value, path));
}
