import { type Operators, type SQL, sql } from 'drizzle-orm';
import { type AnyModel, defineList, defineReadModel, type ListModel, type ReadModel } from 'everwarm';
import { toDrizzle } from './conditions.ts';
import {
  type Condition,
  type Declarations,
  type NodeSpec,
  type OrderSpec,
  relationOf,
  type SchemaSpec,
  type TableSpec,
  tableOf,
} from './program.ts';
import { drizzleSchema } from './to-drizzle.ts';

type Fields = Readonly<Record<string, never>>;
type Directions = { readonly asc: (column: never) => SQL; readonly desc: (column: never) => SQL };

/** The read models and lists of a program, declared as a user would. @throws what the declaration throws */
export function declare({ schema, models, lists }: Declarations): {
  readonly documents: Map<string, ReadModel>;
  readonly lists: Map<string, ListModel>;
} {
  const drizzle = drizzleSchema(schema);
  const documents = new Map(
    models.map(({ name, root, node }): [string, ReadModel] => {
      const config = { name, ...nodeConfig(schema, tableOf(schema, root), node) };
      // The schema is made while running: its types say nothing that the compiler could check.
      return [name, defineReadModel(drizzle as never, root as never, config as never) as unknown as ReadModel];
    }),
  );
  const declared = lists.map(({ name, item, partitionBy, where, orderBy }): [string, ListModel] => {
    const model = documents.get(item);
    const root = models.find((candidate) => candidate.name === item)?.root;
    if (!model || root === undefined) throw new Error(`The list "${name}" shows "${item}", which the program does not have.`);
    const table = tableOf(schema, root);
    const config = { name, ...(partitionBy !== null && { partitionBy }), ...whereConfig(table, where), orderBy: order(orderBy) };
    return [name, defineList(model, config as never) as ListModel];
  });
  return { documents, lists: new Map(declared) };
}

/** All of them. */
export const declaredModels = ({ documents, lists }: ReturnType<typeof declare>): AnyModel[] => [...documents.values(), ...lists.values()];

function nodeConfig(schema: SchemaSpec, table: TableSpec, node: NodeSpec): Record<string, unknown> {
  const inner = (relation: string) => tableOf(schema, relationOf(schema, table.property, relation).to);
  return {
    ...(node.columns && { columns: Object.fromEntries(node.columns.names.map((name) => [name, node.columns?.take])) }),
    ...(node.extras.length > 0 && { extras: extrasConfig(node.extras) }),
    ...(node.with.length > 0 && {
      with: Object.fromEntries(node.with.map((each) => [each.relation, nodeConfig(schema, inner(each.relation), each.node)])),
    }),
    ...(node.through.length > 0 && {
      through: Object.fromEntries(
        node.through.map(({ name, via, to, joinWhere, node: target }) => {
          const join = inner(via);
          const config = nodeConfig(schema, tableOf(schema, relationOf(schema, join.property, to).to), target);
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

const extrasConfig = (extras: NodeSpec['extras']) => (fields: Fields) =>
  Object.fromEntries(extras.map(({ name, column }) => [name, sql<string>`${fields[column]} || ${"!'"}`.as(name)]));

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
