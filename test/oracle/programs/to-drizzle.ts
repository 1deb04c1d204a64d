import { relations, sql, type Table } from 'drizzle-orm';
import { type PgColumn, type PgColumnBuilder, type PgTable, pgSchema, pgTable, primaryKey } from 'drizzle-orm/pg-core';
import { kindOf } from './kinds.ts';
import type { SchemaSpec, TableSpec } from './program.ts';

type Columns = Readonly<Record<string, PgColumn>>;

/** The Drizzle schema of a program: tables and relations, as a user would have written them. */
export function drizzleSchema(schema: SchemaSpec): Record<string, unknown> {
  const tables = new Map(schema.tables.map((table) => [table.property, drizzleTable(table)]));
  const of = (property: string): PgTable => {
    const table = tables.get(property);
    if (!table) throw new Error(`The program refers to the table "${property}", which it does not have.`);
    return table;
  };
  const declared: Record<string, unknown> = Object.fromEntries(tables);
  for (const { property } of schema.tables) {
    const own = schema.references.filter(({ from, to }) => from === property || to === property);
    if (own.length === 0) continue;
    // By runtime values alone: Drizzle's types cannot follow a schema that is made while running.
    declared[`relations of ${property}`] = relations(of(property) as Table, ({ one, many }) => {
      const found: Record<string, never> = {};
      for (const { from, columns, to, references, ...names } of own) {
        const relationName = `${names.one} / ${names.back}`;
        if (from === property) {
          const join = { fields: pick(of(from), columns), references: pick(of(to), references), relationName };
          found[names.one] = one(of(to), join as never) as never;
        }
        if (to !== property) continue;
        // Drizzle lets a one() without columns of its own have no name: the way back names them, too.
        const back = { fields: pick(of(to), references), references: pick(of(from), columns), relationName };
        found[names.back] = (names.single ? one(of(from), back as never) : many(of(from), { relationName })) as never;
      }
      return found;
    });
  }
  return declared;
}

function drizzleTable({ schema, name, columns, key }: TableSpec): PgTable {
  const build = Object.fromEntries(
    columns.map((column): [string, PgColumnBuilder] => {
      let builder = kindOf(column.kind).build(column.name);
      if (!column.nullable) builder = builder.notNull() as unknown as PgColumnBuilder;
      if (column.generatedFrom !== undefined) builder = builder.generatedAlwaysAs(sql`null`) as unknown as PgColumnBuilder;
      if (key.length === 1 && key[0] === column.property) builder = builder.primaryKey() as unknown as PgColumnBuilder;
      return [column.property, builder];
    }),
  );
  const make = (schema === null ? pgTable : pgSchema(schema).table) as typeof pgTable;
  return make(name, build as never, (table) =>
    key.length === 1 ? [] : [primaryKey({ columns: key.map((property) => (table as Columns)[property]) as never })],
  );
}

function pick(table: PgTable, properties: readonly string[]): (PgColumn | undefined)[] {
  return properties.map((property) => (table as unknown as Columns)[property]);
}
