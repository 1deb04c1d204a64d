import type { Column } from 'drizzle-orm';
import type { Shape, ShapeField, ShapeRows } from '#contracts/shape.ts';
import type { Expression } from '#model/plan/expression.ts';
import type { AggregatePlan, OrderTerm, PlanField, PlanNode } from '#model/plan/plan.ts';

/** A plan in words: the rows it takes and the properties it writes, in that order, with the JSON form of each. */
export function shapeOf(root: PlanNode): Shape {
  return { rows: rowsOf(root), fields: root.fields.map((inner) => fieldOf(inner)) };
}

/** The rows of one node in words. */
export function rowsOf(node: PlanNode): ShapeRows {
  const parent = node.join?.parent.scope.info.name.name ?? '';
  const own = node.scope.info.name.name;
  return {
    table: own,
    join: (node.join?.pairs ?? []).map((pair) => `${own}.${pair.child.name} = ${parent}.${pair.parent.name}`),
    where: node.where.map((condition) => plain(node, condition)),
    orderBy: node.orderBy.map((term) => plain(node, term) + direction(term)),
    limit: node.limit,
  };
}

function fieldOf(field: PlanField): ShapeField {
  const { name } = field;
  switch (field.kind) {
    case 'column':
      return { name, kind: 'column', ...columnForm(field.column.column) };
    case 'extra':
      return { name, kind: 'extra', json: 'what its SQL gives', sql: field.expression.sql.replaceAll(/"t\d+"\./g, ''), nullable: true };
    case 'one': {
      const nullable = (field.node.join?.pairs ?? []).some(({ parent }) => !parent.column.notNull) || field.node.where.length > 0;
      return {
        name,
        kind: 'one',
        json: 'object',
        nullable,
        rows: rowsOf(field.node),
        fields: field.node.fields.map((inner) => fieldOf(inner)),
      };
    }
    case 'many':
      return {
        name,
        kind: 'many',
        json: 'array',
        nullable: false,
        rows: rowsOf(field.node),
        fields: field.node.fields.map((inner) => fieldOf(inner)),
      };
    case 'through': {
      const [via, rows] = [rowsOf(field.via), rowsOf(field.node)];
      const joined = { ...rows, join: [...via.join, ...rows.join], where: [...via.where, ...rows.where] };
      return {
        name,
        kind: 'through',
        json: 'array',
        nullable: false,
        rows: joined,
        fields: field.node.fields.map((inner) => fieldOf(inner)),
      };
    }
    case 'aggregate':
      return aggregateOf(name, field.aggregate);
  }
}

function aggregateOf(name: string, { function: kind, node, column }: AggregatePlan): ShapeField {
  const rows = rowsOf(node);
  if (!column) return { name, kind, json: 'number', nullable: false, rows };
  const form = columnForm(column.column);
  const json = kind === 'avg' ? 'text (decimal)' : form.json;
  return { name, kind: `${kind} of ${column.name}`, json, nullable: kind !== 'sum', rows };
}

/** An expression without the alias of its own row, which would change with every property added before it. */
function plain(node: PlanNode, { sql }: Expression): string {
  return sql.replaceAll(`"${node.scope.alias}".`, '');
}

function direction({ descending, nullsFirst }: OrderTerm): string {
  return `${descending ? ' desc' : ''}${nullsFirst === descending ? '' : nullsFirst ? ' nulls first' : ' nulls last'}`;
}

const jsonWords: Readonly<Record<string, string>> = {
  number: 'number',
  bigint: 'text (whole number)',
  boolean: 'boolean',
  string: 'text',
  json: 'any JSON',
  buffer: 'text (base64)',
  array: 'array',
};

/** How a column's values look in JSON, as the recompute SQL writes them. */
function columnForm(column: Column): Pick<ShapeField, 'json' | 'sql' | 'nullable'> {
  const { columnType, dataType, notNull } = column;
  const zone = Reflect.get(column, 'withTimezone') === true ? ', Z' : '';
  const words: Readonly<Record<string, string>> = {
    PgNumeric: 'text (decimal)',
    PgBigSerial64: 'text (whole number)',
    PgDate: 'text (YYYY-MM-DD)',
    PgDateString: 'text (YYYY-MM-DD)',
    PgTimestamp: `text (ISO 8601, milliseconds${zone})`,
    PgTimestampString: `text (ISO 8601, microseconds${zone})`,
    PgBytea: 'text (base64)',
  };
  return { json: words[columnType] ?? jsonWords[dataType] ?? 'what its type says', sql: column.getSQLType(), nullable: !notNull };
}
