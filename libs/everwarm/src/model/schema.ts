import {
  type AnyColumn,
  type Column,
  createTableRelationsHelpers,
  extractTablesRelationalConfig,
  getTableName,
  is,
  normalizeRelation,
  One,
  type Relation,
  Table,
  type TablesRelationalConfig,
  View,
} from 'drizzle-orm';
import { CasingCache } from 'drizzle-orm/casing';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import type { TableName } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';

/** How Drizzle derives column names from property names where a column has no name of its own. */
export type Casing = 'snake_case' | 'camelCase';

/** One column: the property of the Drizzle table and the name in the database. */
export type ColumnInfo = { readonly property: string; readonly name: string; readonly column: Column };

/** One table of the user's schema, with names as the database has them. */
export type TableInfo = {
  readonly property: string;
  readonly name: TableName;
  readonly table: Table;
  readonly columns: readonly ColumnInfo[];
  /** Never empty: tables without a primary key are refused where a read model meets them. */
  readonly primaryKey: readonly ColumnInfo[];
  readonly relations: Readonly<Record<string, Relation>>;
};

/** A pair of columns that a relation equates. */
export type JoinPair = { readonly parent: ColumnInfo; readonly child: ColumnInfo };

/** A relation resolved: the table it leads to and the columns that join. */
export type ResolvedRelation = { readonly kind: 'one' | 'many'; readonly target: TableInfo; readonly join: readonly JoinPair[] };

/** A user's Drizzle schema, read once. */
export type SchemaIndex = {
  /** The schema object itself. */
  readonly source: Record<string, unknown>;
  /** What the tables are called in the database, without their schemas. */
  readonly tableNames: ReadonlySet<string>;
  /** The table under this property of the schema object. Throws E_DEFINITION when there is none. */
  table(property: string, path: string): TableInfo;
  /** The relation of that name. Throws E_DEFINITION when there is none, or nothing says which columns join. */
  relation(from: TableInfo, name: string, path: string): ResolvedRelation;
};

/** Reads a Drizzle schema (tables and `relations`) with the casing that the user's `drizzle()` has. */
export function indexSchema(schema: Record<string, unknown>, casing?: Casing): SchemaIndex {
  const names = new CasingCache(casing);
  const { tables, tableNamesMap } = extractTablesRelationalConfig<TablesRelationalConfig>(schema, createTableRelationsHelpers);
  const known = new Map<Table, TableInfo>();

  const byTable = (table: Table, path: string): TableInfo => {
    const cached = known.get(table);
    if (cached) return cached;
    const entry = Object.entries(schema).find(([, value]) => value === table);
    if (!entry || !is(table, PgTable))
      throw definition(
        path,
        'leads to something that is not a Postgres table of the given schema. Put the table into the schema object; views are not supported.',
      );
    const config = getTableConfig(table);
    const columns = Object.entries(tables[entry[0]]?.columns ?? {}).map(([property, column]) => ({
      property,
      name: names.getColumnCasing(column),
      column,
    }));
    const primary = new Set((tables[entry[0]]?.primaryKey ?? []).map((column) => names.getColumnCasing(column as Column)));
    const info: TableInfo = {
      property: entry[0],
      name: { schema: config.schema ?? 'public', name: config.name },
      table,
      columns,
      primaryKey: [...primary].map((name) => columns.find((column) => column.name === name)).filter((column) => column !== undefined),
      relations: tables[entry[0]]?.relations ?? {},
    };
    if (info.primaryKey.length === 0)
      throw definition(
        path,
        `uses table "${config.name}", which has no primary key. Give it one: changes of rows without a key cannot be followed.`,
      );
    known.set(table, info);
    return info;
  };

  return {
    source: schema,
    tableNames: new Set(Object.values(schema).flatMap((table) => (is(table, Table) ? [getTableName(table)] : []))),
    table(property, path) {
      const table = Object.hasOwn(schema, property) ? schema[property] : undefined;
      if (is(table, View))
        throw definition(path, `names the view "${property}"; views are not supported. Declare the model over its tables.`);
      if (!is(table, Table))
        throw definition(path, `names the table "${property}", which the schema does not have. It has: ${tableNames(schema)}.`);
      return byTable(table, path);
    },
    relation(from, name, path) {
      const relation = Object.hasOwn(from.relations, name) ? from.relations[name] : undefined;
      if (!relation) throw definition(path, `is not a relation of "${from.property}". Declare it with relations() in the schema.`);
      const target = byTable(relation.referencedTable, path);
      const { fields, references } = attempt(path, () => normalizeRelation(tables, tableNamesMap, relation));
      const join = fields.map((field, index) => ({
        parent: columnOf(from, field, path),
        child: columnOf(target, references[index], path),
      }));
      return { kind: is(relation, One) ? 'one' : 'many', target, join };
    },
  };
}

/** An E_DEFINITION about one place of a declaration. */
export function definition(path: string, what: string, cause?: unknown): EverwarmError {
  return new EverwarmError('E_DEFINITION', `${path} ${what}`, { cause, context: { path } });
}

/** The column of that property. Throws E_DEFINITION when the table has none. */
export function columnNamed(table: TableInfo, property: string, path: string): ColumnInfo {
  const column = table.columns.find((candidate) => candidate.property === property);
  if (!column)
    throw definition(
      path,
      `names the column "${property}", which "${table.property}" does not have. It has: ${table.columns.map((known) => known.property).join(', ')}.`,
    );
  return column;
}

function tableNames(schema: Record<string, unknown>): string {
  return Object.entries(schema)
    .flatMap(([name, value]) => (is(value, PgTable) ? [name] : []))
    .join(', ');
}

function columnOf(table: TableInfo, column: AnyColumn | undefined, path: string): ColumnInfo {
  const info = table.columns.find((candidate) => candidate.column === column);
  if (!info)
    throw definition(path, `joins by a column that does not belong to "${table.property}". Check fields and references of the relation.`);
  return info;
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw definition(
      path,
      `cannot be joined: ${cause instanceof Error ? cause.message : String(cause)}. Give its one() fields and references, and both sides one relationName.`,
      cause,
    );
  }
}
