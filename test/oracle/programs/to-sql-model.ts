import { getOperators, type SQL, sql } from 'drizzle-orm';
import { alias, type PgColumn, type PgTable } from 'drizzle-orm/pg-core';
import { defineSqlReadModel, type ReadModel } from 'everwarm';
import { toDrizzle } from './conditions.ts';
import {
  type Condition,
  columnOf,
  type ModelSpec,
  type NodeSpec,
  type RelationSpec,
  relationOf,
  type SchemaSpec,
  type TableSpec,
  tableOf,
} from './program.ts';
import { columnName } from './to-ddl.ts';

/*
 * A read model written as SQL by hand, as somebody would who does not know how Everwarm derives one: sub-selects, and the tables
 * they read declared one by one. It has columns whose JSON Postgres writes itself, relations one level deep, and counts.
 */

type Columns = Readonly<Record<string, PgColumn>>;
type Making = { readonly schema: SchemaSpec; readonly drizzle: Record<string, unknown> };
/** A table of the program under an alias in the SQL. */
type Aliased = { readonly spec: TableSpec; readonly name: string; readonly table: PgTable; readonly columns: Columns };

/** Declares it. @throws what the declaration throws */
export function declareWritten(making: Making, { name, root, node, lifecycle }: ModelSpec): ReadModel {
  const { schema } = making;
  const outer = aliased(making, root, 'r');
  const key = outer.spec.key.map((property, index) => ({ name: `k${index}`, property, column: columnIn(outer, property) }));
  const keyList = list(key.map((part) => sql`${part.column} as ${sql.identifier(part.name)}`));
  const relations = [
    ...node.with.map(({ relation, node: inner }) => ({ relation, where: inner.where, columns: inner.columns?.names ?? [] })),
    ...node.aggregates.map(({ relation, where }) => ({ relation, where, columns: [] })),
  ].map((each) => ({ ...each, relation: relationOf(schema, root, each.relation) }));
  const own = [...(node.columns?.names ?? []), ...columnsOf(node.where), ...relations.flatMap(({ relation }) => relation.columns)];
  const dependencies = [
    { table: making.drizzle[root], columns: own, key: outer.spec.key },
    ...relations.map(({ relation, where, columns }) => {
      const target = tableOf(schema, relation.to);
      const linked = relation.references.map((property) => columnName(schema, columnOf(target, property)));
      const on = relation.columns.map(
        (property, index) => sql`${columnIn(outer, property)} = changed.${sql.identifier(linked[index] ?? '')}`,
      );
      return {
        table: making.drizzle[relation.to],
        columns: [...columns, ...columnsOf(where)],
        link: relation.references,
        wayBack: sql`select ${keyList} from ${outer.table} as r join changed on ${and(on)}`,
      };
    }),
  ];
  const query = sql`select ${keyList}, ${rowText(making, outer, node)}::json as doc from ${outer.table} as r where ${condition(outer, node.where)}`;
  // The schema is made while running: its types say nothing that the compiler could check.
  const config = {
    name,
    key: Object.fromEntries(key.map((part) => [part.name, part.column])),
    query,
    dependencies,
    ...(lifecycle && { lifecycle }),
  };
  return defineSqlReadModel(config as never) as unknown as ReadModel;
}

/** One row as the text of its JSON, in the bytes that documents have. */
function rowText(making: Making, outer: Aliased, { columns, with: relations, aggregates }: NodeSpec): SQL {
  const chosen = outer.spec.columns.filter(({ property }) => columns?.names.includes(property));
  const fields: (readonly [property: string, json: SQL])[] = [
    ...chosen.map(({ property }) => [property, sql`to_json(${columnIn(outer, property)})`] as const),
    ...relations.map(({ relation, node }) => [relation, relatedText(making, outer, relation, node)] as const),
    ...aggregates.map(
      ({ name, relation, where }) => [name, sql`(select count(*) ${related(making, outer, relation, where).from})`] as const,
    ),
  ];
  const parts = fields.map(
    ([property, json], index) => sql`${`${index === 0 ? '' : ','}${JSON.stringify(property)}:`} || coalesce((${json})::text, 'null')`,
  );
  return sql`('{' || ${parts.length === 0 ? sql`''` : sql.join(parts, sql` || `)} || '}')`;
}

function relatedText(making: Making, outer: Aliased, name: string, node: NodeSpec): SQL {
  const { from, inner, relation } = related(making, outer, name, node.where);
  const text = rowText(making, inner, node);
  const order = list(inner.spec.key.map((property) => sql`${columnIn(inner, property)}`));
  if (relation.kind === 'one') return sql`(select ${text} ${from} order by ${order} limit 1)`;
  return sql`(select '[' || coalesce(string_agg(${text}, ',' order by ${order}), '') || ']' ${from})`;
}

function related(
  making: Making,
  outer: Aliased,
  name: string,
  where: Condition | null,
): { from: SQL; inner: Aliased; relation: RelationSpec } {
  const relation = relationOf(making.schema, outer.spec.property, name);
  const inner = aliased(making, relation.to, 'k');
  const on = relation.columns.map(
    (property, index) => sql`${columnIn(inner, relation.references[index] ?? '')} = ${columnIn(outer, property)}`,
  );
  return { from: sql`from ${inner.table} as k where ${and([...on, condition(inner, where)])}`, inner, relation };
}

function aliased({ schema, drizzle }: Making, property: string, name: string): Aliased {
  const table = drizzle[property] as PgTable;
  return { spec: tableOf(schema, property), name, table, columns: alias(table, name) as unknown as Columns };
}

function columnIn({ columns, spec }: Aliased, property: string): PgColumn {
  const column = columns[property];
  if (!column) throw new Error(`The table "${spec.property}" of the program has no column "${property}".`);
  return column;
}

const condition = ({ spec, columns }: Aliased, where: Condition | null): SQL =>
  (where && toDrizzle(spec, where)(columns as never, getOperators())) ?? sql`true`;

/** The columns that a condition looks at. */
function columnsOf(where: Condition | null): string[] {
  if (where === null) return [];
  if (where.is === 'and' || where.is === 'or') return where.of.flatMap(columnsOf);
  return where.is === 'not' ? columnsOf(where.of) : [where.column];
}

const list = (parts: readonly SQL[]): SQL => sql.join([...parts], sql`, `);
const and = (parts: readonly SQL[]): SQL => sql.join([...parts], sql` and `);
