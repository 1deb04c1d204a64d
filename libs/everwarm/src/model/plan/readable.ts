import { type Column, getTableName, type SQL, StringChunk, sql, type Table } from 'drizzle-orm';
import { type ColumnInfo, definition, type TableInfo } from '#model/schema.ts';
import { qualified } from '#model/sql/literal.ts';

/** A table that raw SQL of one place may read beyond its own row, and how to have a column of it watched. */
export type ReadableTable = { readonly info: TableInfo; readonly watch: (column: ColumnInfo) => void };

/** Where an expression stands, for what it says of tables that are not its own. */
export type Reach = {
  readonly path: string;
  readonly own: TableInfo;
  readonly alias: string;
  /** The tables declared under `reads`; filled before any expression of the place is rendered. */
  readonly readable: readonly ReadableTable[];
};

const nameOf = Symbol.for('drizzle:Name');
const originalNameOf = Symbol.for('drizzle:OriginalName');
const schemaOf = Symbol.for('drizzle:Schema');
const aliasMark = Symbol.for('drizzle:IsAlias');

/**
 * A column of another table inside an expression, as Drizzle writes it outside of relational queries: by its table's own name,
 * or the name that `alias()` gave it. Throws E_DEFINITION for a table that `reads` does not declare.
 */
export function foreignColumn(column: Column, reach: Reach): Column {
  const tables = readableOf(column.table, reach);
  const alias = Reflect.get(column.table, aliasMark) === true ? aliasOf(column.table, reach) : null;
  if (tables.length === 0)
    throw definition(
      reach.path,
      `reads the column "${column.name}" of another table. Only columns of "${reach.own.property}" may be used here; use a relation for others, or declare under "reads" which relation the expression goes through.`,
    );
  if (alias === null && tables.some(({ info }) => info === reach.own))
    throw definition(
      reach.path,
      `reads "${column.name}" of "${reach.own.property}", which is both the row itself and under "reads". Take the row's columns from the callback's argument, and the other rows' from an alias(${reach.own.property}, 'name').`,
    );
  for (const { info, watch } of tables) {
    const known = info.columns.find((candidate) => candidate.column.name === column.name);
    if (known) watch(known);
  }
  return column;
}

/** A table inside an expression, with its schema; an alias stands as its name. Throws E_DEFINITION for a table that `reads` does not declare. */
export function foreignTable(table: Table, reach: Reach): SQL | Table {
  const [found] = readableOf(table, reach);
  if (!found)
    throw definition(
      reach.path,
      `contains a table, "${getTableName(table)}", that it does not declare to read. Reach other tables by relations and aggregates, or declare under "reads" which relation the expression goes through: reads: { relation: { columns: { … } } }.`,
    );
  if (Reflect.get(table, aliasMark) !== true) return sql.join([new StringChunk(qualified(found.info.name))]);
  aliasOf(table, reach);
  return table;
}

/** Refuses raw text in which the place's own alias could be taken for a table of the text. */
export function checkText(text: string, { alias, path, readable }: Reach): void {
  if (readable.length > 0 && new RegExp(`(?<![\\w$])${alias}(?![\\w$])`, 'i').test(text))
    throw definition(path, `uses the name "${alias}", which stands for the row itself here. Rename it.`);
}

/** Whether an expression of this place may contain a subquery at all. Throws E_DEFINITION when nothing says what it would read. */
export function checkSubquery({ path, readable }: Reach): void {
  if (readable.length === 0)
    throw definition(
      path,
      'contains a subquery, and nothing says what it reads. Reach other tables by relations and aggregates, or declare under "reads" which relation it goes through: reads: { relation: { columns: { … } } }.',
    );
}

function readableOf(table: Table, { readable }: Reach): ReadableTable[] {
  const name: unknown = Reflect.get(table, originalNameOf);
  const schema: unknown = Reflect.get(table, schemaOf) ?? 'public';
  return readable.filter(({ info }) => info.name.name === name && info.name.schema === schema);
}

function aliasOf(table: Table, { alias, path }: Reach): string {
  const name = String(Reflect.get(table, nameOf));
  if (name === alias || /^t\d+$/.test(name))
    throw definition(
      path,
      `uses "${name}", which names a row of the read model itself, of another place. Use columns of this callback's argument, and other names for alias().`,
    );
  return name;
}
