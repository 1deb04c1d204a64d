import { quoteName } from '../source.ts';
import { enumDdl, kindOf } from './kinds.ts';
import { type ColumnSpec, columnOf, type ReferenceSpec, type SchemaSpec, type TableSpec, tableOf } from './program.ts';

/** The name of a column in the database. Its own words for Drizzle's casing: properties here are of plain words and capitals. */
export function columnName({ casing }: SchemaSpec, { property, name }: ColumnSpec): string {
  if (name !== null) return name;
  if (casing === 'snake_case') return property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (casing === 'camelCase') return property.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return property;
}

/** `schema.table`, unquoted, as the rows are asked for. */
export const tableId = ({ schema, name }: TableSpec): string => `${schema ?? 'public'}.${name}`;

const qualified = ({ schema, name }: TableSpec): string => `${quoteName(schema ?? 'public')}.${quoteName(name)}`;

/** The statements that create the tables in an empty database. */
export function schemaDdl(schema: SchemaSpec): string {
  const schemas = new Set(schema.tables.flatMap((table) => table.schema ?? []));
  return [
    enumDdl,
    ...[...schemas].map((name) => `create schema if not exists ${quoteName(name)};`),
    ...schema.tables.map((table) => tableDdl(schema, table)),
    ...schema.references.map((reference) => referenceDdl(schema, reference)),
  ].join('\n');
}

function tableDdl(schema: SchemaSpec, table: TableSpec): string {
  const columns = table.columns.map((column) => {
    const name = quoteName(columnName(schema, column));
    const generated =
      column.generatedFrom === undefined
        ? ''
        : `${generatedDdl(schema, table, column.generatedFrom)} ${column.virtual ? 'virtual' : 'stored'}`;
    return `${name} ${kindOf(column.kind).sql}${generated}${column.nullable ? '' : ' not null'}`;
  });
  const count = table.partitions ?? 0;
  const partitionedBy = count > 0 ? ` partition by hash (${names(schema, table, table.key)})` : '';
  const partitions = Array.from({ length: count }, (_, index) => {
    const name = qualified({
      ...table,
      name: `${Buffer.from(table.name)
        .subarray(0, 50)
        .toString()
        .replace(/\uFFFD/g, '')} ${index}`,
    });
    return ` create table ${name} partition of ${qualified(table)} for values with (modulus ${count}, remainder ${index});`;
  });
  return `create table ${qualified(table)} (${[...columns, `primary key (${names(schema, table, table.key)})`].join(', ')})${partitionedBy};${partitions.join('')}`;
}

function generatedDdl(schema: SchemaSpec, table: TableSpec, from: string): string {
  const column = columnOf(table, from);
  const name = quoteName(columnName(schema, column));
  return ` generated always as (${kindOf(column.kind).sql === 'text' ? `${name} || '!'` : `-(${name} / 2)`})`;
}

function referenceDdl(schema: SchemaSpec, { from, columns, to, references, constraint }: ReferenceSpec): string {
  if (constraint === null) return '';
  const [child, parent] = [tableOf(schema, from), tableOf(schema, to)];
  const deferrable = constraint.deferrable ? ' deferrable initially deferred' : '';
  return `alter table ${qualified(child)} add foreign key (${names(schema, child, columns)}) references ${qualified(parent)} (${names(schema, parent, references)}) on delete ${constraint.onDelete} on update ${constraint.onUpdate}${deferrable};`;
}

function names(schema: SchemaSpec, table: TableSpec, properties: readonly string[]): string {
  return properties.map((property) => quoteName(columnName(schema, columnOf(table, property)))).join(', ');
}
