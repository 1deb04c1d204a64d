import { average, greatest, least, sum } from '../folding.ts';
import { quoted } from '../json-forms.ts';
import { array, keyOf, matching, object, one, type Part, type Row, type Rows, value } from '../naive.ts';
import { asc, byBytes, type Comparison, type Entry, partitioned, sorted, type Term } from '../sorting.ts';
import { holds } from './conditions.ts';
import { kindOf } from './kinds.ts';
import {
  type AggregateSpec,
  type ColumnSpec,
  columnOf,
  type Declarations,
  type ExtraSpec,
  type Facts,
  type ListSpec,
  type ModelSpec,
  type NodeSpec,
  type OrderSpec,
  type RelationSpec,
  relationOf,
  type SchemaSpec,
  type TableSpec,
  tableOf,
  transformOf,
} from './program.ts';
import { columnName, tableId } from './to-ddl.ts';

/*
 * What the rows say that each document and each list must be: the query read aloud, row by row, in memory. Nothing here knows how
 * the engine derives anything.
 */

/** What a read model's documents must be: key text to JSON text. */
export function expectedDocuments({ schema, models }: Declarations, model: ModelSpec, rows: Rows, facts: Facts): Map<string, string> {
  const { root, node } = model;
  const transform = transformOf(model, facts);
  const table = tableOf(schema, root);
  const key = columnNames(schema, table, table.key);
  const shown = rows(tableId(table)).filter((row) => holds(schema, table, node.where, row, rows.now));
  const through = (json: string): string => (transform ? JSON.stringify(transform(JSON.parse(json) as object)) : json);
  return new Map(shown.map((row) => [keyOf(row, key), through(objectOf({ schema, models, rows }, table, node, row))]));
}

/** What a list must be: partition text to the texts of its items' keys, in order. */
export function expectedList({ schema, models }: Declarations, list: ListSpec, rows: Rows): Map<string, string[]> {
  const item = models.find(({ name }) => name === list.item);
  if (!item) throw new Error(`The list "${list.name}" shows "${list.item}", which the program does not have.`);
  const table = tableOf(schema, item.root);
  const members = rows(tableId(table)).filter(
    (row) => holds(schema, table, item.node.where, row, rows.now) && holds(schema, table, list.where, row, rows.now),
  );
  const entries = members.flatMap((row) =>
    partitionsOf({ schema, models, rows }, table, list, row).map((partition): Entry => [partition, row]),
  );
  return partitioned(
    entries,
    columnNames(schema, table, table.key),
    ...orderOf(schema, table, list.orderBy),
    ...byKey(schema, table, true),
  );
}

type World = Pick<Declarations, 'schema' | 'models'> & { readonly rows: Rows };

function partitionsOf(world: World, table: TableSpec, { partitionBy }: ListSpec, row: Row): string[] {
  const { schema } = world;
  if (partitionBy === null) return [''];
  if (typeof partitionBy === 'string') return present(row[columnName(schema, columnOf(table, partitionBy))]);
  const relation = relationOf(schema, table.property, partitionBy[0]);
  const target = tableOf(schema, relation.to);
  const name = columnName(schema, columnOf(target, partitionBy[1]));
  return [...new Set(related(world, table, relation, row).flatMap((child) => present(child[name])))];
}

const present = (text: string | null | undefined): string[] => (text == null ? [] : [text]);

function objectOf(world: World, table: TableSpec, node: NodeSpec, row: Row): string {
  const { schema } = world;
  const parts: Part[] = chosen(table, node).map((column) => [
    column.property,
    value(row[columnName(schema, column)], kindOf(column.kind).form),
  ]);
  for (const extra of node.extras) parts.push([extra.name, extraOf(world, table, extra, row)]);
  for (const { relation: name, model, node: around } of node.with) {
    const relation = relationOf(schema, table.property, name);
    const target = tableOf(schema, relation.to);
    const inner = model === undefined ? around : embedded(world, model, around);
    const found = related(world, table, relation, row).filter((child) => holds(schema, target, inner.where, child, world.rows.now));
    const order = [...orderOf(schema, target, inner.orderBy), ...byKey(schema, target)];
    const shape = (child: Row) => objectOf(world, target, inner, child);
    parts.push([
      name,
      relation.kind === 'one'
        ? one(sorted(found, ...byKey(schema, target))[0], shape)
        : array(cut(sorted(found, ...order), inner.limit).map(shape)),
    ]);
  }
  for (const through of node.through) parts.push([through.name, throughOf(world, table, through, row)]);
  for (const aggregate of node.aggregates) parts.push([aggregate.name, aggregateOf(world, table, aggregate, row)]);
  return object(parts);
}

/** A read model at a relation: its own filter and the one around it, in the order said around it. */
function embedded({ models }: World, name: string, around: NodeSpec): NodeSpec {
  const model = models.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`The program embeds "${name}", which it does not have.`);
  const of = [model.node.where, around.where].filter((condition) => condition !== null);
  return { ...model.node, where: of.length > 0 ? { is: 'and', of } : null, orderBy: around.orderBy, limit: around.limit };
}

function extraOf(world: World, table: TableSpec, extra: ExtraSpec, row: Row): string {
  if ('counted' in extra) return String(related(world, table, relationOf(world.schema, table.property, extra.counted), row).length);
  return value(row[columnName(world.schema, columnOf(table, extra.column))], (text) => quoted(`${text}!'`));
}

function throughOf(world: World, table: TableSpec, { via, to, joinWhere, node }: NodeSpec['through'][number], row: Row): string {
  const { schema } = world;
  const first = relationOf(schema, table.property, via);
  const join = tableOf(schema, first.to);
  const second = relationOf(schema, join.property, to);
  const target = tableOf(schema, second.to);
  // Each pair of a join row and a row it leads to is one element; the join row's columns end the order.
  const pairs = related(world, table, first, row)
    .filter((middle) => holds(schema, join, joinWhere, middle, world.rows.now))
    .flatMap((middle) => related(world, join, second, middle).map((child) => ({ middle, child })))
    .filter(({ child }) => holds(schema, target, node.where, child, world.rows.now));
  const joined = new Map(pairs.map(({ middle, child }) => [{ ...child, ...prefixed(middle) } as Row, child]));
  const last = byKey(schema, join).map((term) => ({ ...term, column: `via ${term.column}` }));
  const inOrder = sorted([...joined.keys()], ...orderOf(schema, target, node.orderBy), ...byKey(schema, target), ...last);
  return array(cut(inOrder, node.limit).map((pair) => objectOf(world, target, node, joined.get(pair) ?? pair)));
}

const prefixed = (row: Row): Row => Object.fromEntries(Object.entries(row).map(([name, text]) => [`via ${name}`, text]));
const cut = (rows: readonly Row[], limit: number | null): readonly Row[] => (limit === null ? rows : rows.slice(0, limit));

function aggregateOf(world: World, table: TableSpec, { function: kind, relation: name, column, where }: AggregateSpec, row: Row): string {
  const { schema } = world;
  const relation = relationOf(schema, table.property, name);
  const target = tableOf(schema, relation.to);
  const found = related(world, table, relation, row).filter((child) => holds(schema, target, where, child, world.rows.now));
  if (kind === 'count' || column === null) return String(found.length);
  const spec = columnOf(target, column);
  const { form, by } = kindOf(spec.kind);
  const of = columnName(schema, spec);
  if (kind === 'sum') return sum(found, of, form);
  if (kind === 'avg') return average(found, of);
  const inOrder = sorted(found, ...byKey(schema, target));
  return kind === 'min' ? least(inOrder, of, comparison(by), form) : greatest(inOrder, of, comparison(by), form);
}

function related({ schema, rows }: World, table: TableSpec, { to, columns, references }: RelationSpec, row: Row): readonly Row[] {
  const target = tableOf(schema, to);
  return matching(rows(tableId(target)), columnNames(schema, target, references), row, columnNames(schema, table, columns));
}

function chosen({ columns }: TableSpec, { columns: choice }: NodeSpec): readonly ColumnSpec[] {
  return choice === null ? columns : columns.filter(({ property }) => choice.names.includes(property) === choice.take);
}

function orderOf(schema: SchemaSpec, table: TableSpec, orderBy: readonly OrderSpec[]): Term[] {
  return orderBy.map(({ column, descending, nulls }) => {
    const spec = columnOf(table, column);
    const nullsFirst = nulls === undefined ? descending : nulls === 'first';
    return { column: columnName(schema, spec), by: comparison(kindOf(spec.kind).by), descending, nullsFirst };
  });
}

/** The primary key, which ends every order. In a list, enums stand by their texts there, in a query by their labels' order. */
function byKey(schema: SchemaSpec, table: TableSpec, inList = false): Term[] {
  return table.key.map((property) => {
    const column = columnOf(table, property);
    const { by, endsByText = false } = kindOf(column.kind);
    return asc(columnName(schema, column), inList && endsByText ? byBytes : comparison(by));
  });
}

function comparison(by: Comparison | null): Comparison {
  if (!by) throw new Error('The oracle cannot order by a column of this kind.');
  return by;
}

const columnNames = (schema: SchemaSpec, table: TableSpec, properties: readonly string[]): string[] =>
  properties.map((property) => columnName(schema, columnOf(table, property)));
