import {
  type Column,
  createTableRelationsHelpers,
  extractTablesRelationalConfig,
  getTableUniqueName,
  type Operators,
  type SQL,
  type TableRelationalConfig,
  type TablesRelationalConfig,
} from 'drizzle-orm';
import { EverwarmError, type ReadModel } from 'everwarm';

/*
 * A declared read model as the query that Drizzle itself takes: what Drizzle lacks is left out and named, read models in the place
 * of queries are written out, and every order ends with the primary key, as those of documents do.
 */

/** Drizzle's tables and relations, by property, and by the unique name of a table. */
type Drawn = { readonly tables: TablesRelationalConfig; readonly tableNamesMap: Readonly<Record<string, string>> };

/** What is asked at one level. */
export type PlainQuery = {
  readonly table: TableRelationalConfig;
  /** For `findFirst`. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly relations: ReadonlyMap<string, PlainQuery>;
  /** Properties of the document that are not asked for. */
  readonly missing: ReadonlySet<string>;
};

/** What is left out of a query, and how often. */
export type LeftOut = Map<string, number>;

type Config = Readonly<Record<string, unknown>>;
type Callback = (fields: object, operators: object) => unknown;

/** Counts something that is left out. */
export function leaveOut(leftOut: LeftOut, what: string, times = 1): void {
  if (times > 0) leftOut.set(what, (leftOut.get(what) ?? 0) + times);
}

/** The schema, the root table and the query of a read model; null where all of it is beyond Drizzle. */
export function plainModel(
  model: ReadModel,
  leftOut: LeftOut,
): { readonly schema: Record<string, unknown>; readonly root: string; readonly query: PlainQuery } | null {
  const declared = model.transformation === null ? declarationOf(model) : null;
  if (!declared) {
    leaveOut(leftOut, model.transformation === null ? 'hand-written SQL' : 'transforms');
    return null;
  }
  const { schema, root, query } = declared;
  const drawn: Drawn = extractTablesRelationalConfig(schema, createTableRelationsHelpers);
  const table = drawn.tables[root];
  if (!table) throw new Error(`Drizzle finds no table "${root}" in the schema.`);
  return { schema, root, query: plainQuery(drawn, table, query, root, leftOut) };
}

/** Hand-written SQL has no declaration, and says so. */
function declarationOf(model: ReadModel): ReadModel['declaration'] | null {
  try {
    return model.declaration;
  } catch (error) {
    if (error instanceof EverwarmError) return null;
    throw error;
  }
}

function plainQuery(drawn: Drawn, table: TableRelationalConfig, query: Config, alias: string, leftOut: LeftOut): PlainQuery {
  const { columns, where, limit, orderBy, extras } = query;
  const isCorrelated = query['reads'] !== undefined;
  const missing = new Set([
    ...namesOf(query['through'], leftOut, 'through'),
    ...namesOf(called(query['aggregates'], [new Proxy({}, { get: () => () => null })]), leftOut, 'aggregates'),
    // Drizzle takes every column in raw SQL for one of the table at hand.
    ...(isCorrelated ? namesOf(called(extras, [table.columns, {}]), leftOut, 'correlated SQL') : []),
  ]);
  const relations = new Map<string, PlainQuery>();
  for (const [name, value] of Object.entries((query['with'] ?? {}) as Config)) {
    const relation = table.relations[name];
    const target = relation && drawn.tables[drawn.tableNamesMap[getTableUniqueName(relation.referencedTable)] ?? ''];
    if (!target || value === undefined || value === false) continue;
    // Drizzle's names for levels are cut at this length, and then two are one.
    if (Buffer.byteLength(`${alias}_${name}`) > 63) {
      leaveOut(leftOut, 'names too long for Drizzle');
      missing.add(name);
    } else relations.set(name, plainQuery(drawn, target, writtenOut(value), `${alias}_${name}`, leftOut));
  }
  const config = {
    ...(columns !== undefined && { columns }),
    ...(extras !== undefined && !isCorrelated && { extras }),
    ...(where !== undefined && { where }),
    ...(limit !== undefined && { limit }),
    orderBy: (fields: Config, operators: object) => [
      ...terms(called(orderBy, [fields, operators])),
      ...keyOf(table).map((name) => fields[name]),
    ],
    with: Object.fromEntries([...relations].map(([name, inner]) => [name, inner.config])),
  };
  return { table, config, relations, missing };
}

/** The query at a relation: a read model's own where one stands there, with what is said around it. */
function writtenOut(value: unknown): Config {
  if (value === true) return {};
  const given = value as Config;
  const wrapped = 'model' in given;
  const reference = wrapped ? given['model'] : given;
  if (!wrapped && typeof reference !== 'function' && !('kind' in given)) return given;
  const model = (typeof reference === 'function' ? (reference as () => unknown)() : reference) as {
    readonly declaration: { readonly query: Config };
  };
  const { name: _, where: own, ...query } = model.declaration.query;
  const { model: __, where: around, ...rest } = wrapped ? given : { model };
  const where = (fields: object, operators: Operators) =>
    operators.and(called(own, [fields, operators]) as SQL | undefined, called(around, [fields, operators]) as SQL | undefined);
  return { ...query, ...rest, where };
}

/** The properties of a table's primary key. */
export function keyOf({ columns, primaryKey }: TableRelationalConfig): string[] {
  // With casing, a column may be named as another one's property is, which is that one's name until the query is written.
  return primaryKey.map((part: Column) => {
    const found = Object.keys(columns).find((property) => {
      const column = columns[property];
      return column?.name === part.name && column.keyAsName === part.keyAsName;
    });
    if (found === undefined) throw new Error(`Drizzle's table has no column "${part.name}", which its key names.`);
    return found;
  });
}

const called = (value: unknown, parameters: [object] | [object, object]): unknown =>
  typeof value === 'function' ? (value as Callback)(parameters[0], parameters[1] ?? {}) : value;
const terms = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

function namesOf(value: unknown, leftOut: LeftOut, what: string): string[] {
  const names = Object.keys((value ?? {}) as Config);
  leaveOut(leftOut, what, names.length);
  return names;
}
