import { type Operators, type SQL, sql } from 'drizzle-orm';
import { defineList, defineReadModel, type ListModel, type ReadModel } from 'everwarm';
import { toDrizzle } from './conditions.ts';
import {
  type Condition,
  type Declarations,
  type ExtraSpec,
  type Facts,
  type ModelSpec,
  type NodeSpec,
  type OrderSpec,
  relationOf,
  type SchemaSpec,
  type TableSpec,
  tableOf,
  transformOf,
  type WithSpec,
} from './program.ts';
import { drizzleSchema } from './to-drizzle.ts';
import { declareWritten } from './to-sql-model.ts';

type Fields = Readonly<Record<string, never>>;
type Directions = { readonly asc: (column: never) => SQL; readonly desc: (column: never) => SQL };

/**
 * The read models and lists of a program, declared as a user would. `facts` is what no table holds, at any time.
 * @throws what the declaration throws
 */
export function declare(
  { schema, models, lists }: Pick<Declarations, 'schema' | 'models' | 'lists'>,
  facts: Facts = new Map(),
): {
  readonly documents: Map<string, ReadModel>;
  readonly lists: Map<string, ListModel>;
} {
  const drizzle = drizzleSchema(schema);
  const documents = new Map<string, ReadModel>();
  const making = { schema, drizzle, documents };
  for (const model of models) {
    const declared = model.written ? declareWritten(making, model) : declareQuery(making, model);
    const transform = transformOf(model, facts);
    documents.set(model.name, transform ? (declared.transform(1, transform as never) as unknown as ReadModel) : declared);
  }
  const declared = lists.map(({ name, item, partitionBy, where, orderBy, keep, count, lifecycle }): [string, ListModel] => {
    const model = documents.get(item);
    const root = models.find((candidate) => candidate.name === item)?.root;
    if (!model || root === undefined) throw new Error(`The list "${name}" shows "${item}", which the program does not have.`);
    const table = tableOf(schema, root);
    const config = {
      name,
      ...(partitionBy !== null && { partitionBy }),
      ...whereConfig(table, where),
      orderBy: order(orderBy),
      ...(keep !== undefined && { keep }),
      ...(count !== undefined && { count }),
      ...(lifecycle && { lifecycle }),
    };
    return [name, defineList(model, config as never) as ListModel];
  });
  return { documents, lists: new Map(declared) };
}

function declareQuery(making: Making, { name, root, node, lifecycle }: ModelSpec): ReadModel {
  const config = { name, ...(lifecycle && { lifecycle }), ...nodeConfig(making, tableOf(making.schema, root), node) };
  // The schema is made while running: its types say nothing that the compiler could check.
  return defineReadModel(making.drizzle as never, root as never, config as never) as unknown as ReadModel;
}

type Making = {
  readonly schema: SchemaSpec;
  readonly drizzle: Record<string, unknown>;
  /** Those declared so far. */
  readonly documents: ReadonlyMap<string, ReadModel>;
};

function nodeConfig(making: Making, table: TableSpec, node: NodeSpec): Record<string, unknown> {
  const { schema } = making;
  const inner = (relation: string) => tableOf(schema, relationOf(schema, table.property, relation).to);
  return {
    ...(node.columns && { columns: Object.fromEntries(node.columns.names.map((name) => [name, node.columns?.take])) }),
    ...(node.extras.length > 0 && extrasConfig(making, table, node.extras)),
    ...(node.with.length > 0 && {
      with: Object.fromEntries(node.with.map((each) => [each.relation, withConfig(making, inner(each.relation), each)])),
    }),
    ...(node.through.length > 0 && {
      through: Object.fromEntries(
        node.through.map(({ name, via, to, joinWhere, node: target }) => {
          const join = inner(via);
          const config = nodeConfig(making, tableOf(schema, relationOf(schema, join.property, to).to), target);
          return [name, { via, to, ...(joinWhere && { joinWhere: toDrizzle(join, joinWhere) }), ...config }];
        }),
      ),
    }),
    ...(node.aggregates.length > 0 && {
      aggregates: (a: Record<string, (...parameters: unknown[]) => unknown>) =>
        Object.fromEntries(
          node.aggregates.map(({ name, function: kind, relation, column, where }) => {
            const options = where ? [whereConfig(inner(relation), where)] : [];
            return [name, a[kind]?.(relation, ...(column === null ? [] : [column]), ...options)];
          }),
        ),
    }),
    ...whereConfig(table, node.where),
    ...(node.orderBy.length > 0 && { orderBy: order(node.orderBy) }),
    ...(node.limit !== null && { limit: node.limit }),
  };
}

/** A query, a read model, or a read model with something around it. */
function withConfig(making: Making, table: TableSpec, { model: name, node }: WithSpec): unknown {
  if (name === undefined) return nodeConfig(making, table, node);
  const model = making.documents.get(name);
  if (!model) throw new Error(`The program embeds "${name}", which is not declared before.`);
  const { where, orderBy, limit } = nodeConfig(making, table, node);
  const around = {
    ...(where !== undefined && { where }),
    ...(orderBy !== undefined && { orderBy }),
    ...(limit !== undefined && { limit }),
  };
  return Object.keys(around).length > 0 ? { model, ...around } : model;
}

function extrasConfig({ schema, drizzle }: Making, table: TableSpec, extras: readonly ExtraSpec[]) {
  const counted = extras.flatMap((extra) => ('counted' in extra ? [extra.counted] : []));
  const expression = (extra: ExtraSpec, fields: Fields): SQL => {
    if (!('counted' in extra)) return sql<string>`${fields[extra.column]} || ${"!'"}`;
    const { to, columns, references } = relationOf(schema, table.property, extra.counted);
    const target = drizzle[to] as Readonly<Record<string, never>>;
    const joins = columns.map((column, index) => sql`${target[references[index] ?? '']} = ${fields[column]}`);
    return sql<number>`(select count(*)::integer from ${target} where ${sql.join(joins, sql` and `)})`;
  };
  return {
    extras: (fields: Fields) => Object.fromEntries(extras.map((extra) => [extra.name, expression(extra, fields).as(extra.name)])),
    ...(counted.length > 0 && { reads: Object.fromEntries(counted.map((relation) => [relation, true])) }),
  };
}

function whereConfig(table: TableSpec, where: Condition | null): { where?: (fields: Fields, operators: Operators) => SQL | undefined } {
  return where ? { where: toDrizzle(table, where) } : {};
}

const order = (terms: readonly OrderSpec[]) => (fields: Fields, directions: Directions) =>
  terms.map(({ column, descending, nulls }) => {
    const field = fields[column] as never;
    if (nulls === undefined) return descending ? directions.desc(field) : directions.asc(field);
    if (nulls === 'first') return descending ? sql`${field} desc nulls first` : sql`${field} nulls first`;
    return descending ? sql`${field} desc nulls last` : sql`${field} asc nulls last`;
  });
