import { type Operators, type SQL, sql } from 'drizzle-orm';
import type { Row } from '../naive.ts';
import { byTime } from '../sorting.ts';
import { kindOf } from './kinds.ts';
import { type Condition, columnOf, type SchemaSpec, type TableSpec } from './program.ts';
import { columnName } from './to-ddl.ts';

type Fields = Readonly<Record<string, never>>;

/** The condition as a user would write it in a callback of Drizzle. */
export function toDrizzle(table: TableSpec, condition: Condition): (fields: Fields, operators: Operators) => SQL | undefined {
  const build =
    (inner: Condition) =>
    (fields: Fields, operators: Operators): SQL | undefined => {
      switch (inner.is) {
        case 'and':
        case 'or':
          return operators[inner.is](...inner.of.map((each) => build(each)(fields, operators)));
        case 'not': {
          const negated = build(inner.of)(fields, operators);
          return negated && operators.not(negated);
        }
        case 'over':
          return sql`${fields[inner.column]} <= now()`;
        case 'null':
          return operators.isNull(fields[inner.column] as never);
        case 'not null':
          return operators.isNotNull(fields[inner.column] as never);
        case 'in':
        case 'not in': {
          const values = inner.texts.map(literalOf(table, inner.column)) as never;
          return (inner.is === 'in' ? operators.inArray : operators.notInArray)(fields[inner.column] as never, values);
        }
        case 'compare':
          return operators[operatorNames[inner.by]](fields[inner.column] as never, literalOf(table, inner.column)(inner.text) as never);
      }
    };
  return build(condition);
}

const operatorNames = { '=': 'eq', '<>': 'ne', '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' } as const;
const literalOf = (table: TableSpec, column: string) => kindOf(columnOf(table, column).kind).value;

/** Whether a row meets a condition at a moment: null is neither true nor false, and only what is true is in. */
export function holds(schema: SchemaSpec, table: TableSpec, condition: Condition | null, row: Row, now: string): boolean {
  return condition === null || judge(schema, table, condition, row, now) === true;
}

function judge(schema: SchemaSpec, table: TableSpec, condition: Condition, row: Row, now: string): boolean | null {
  if (condition.is === 'and' || condition.is === 'or') {
    const each = condition.of.map((inner) => judge(schema, table, inner, row, now));
    const decisive = condition.is === 'or';
    return each.includes(decisive) ? decisive : each.includes(null) ? null : !decisive;
  }
  if (condition.is === 'not') {
    const inner = judge(schema, table, condition.of, row, now);
    return inner === null ? null : !inner;
  }
  const column = columnOf(table, condition.column);
  const is = row[columnName(schema, column)] ?? null;
  if (condition.is === 'over') return is === null ? null : byTime(is, now) <= 0;
  if (condition.is === 'null') return is === null;
  if (condition.is === 'not null') return is !== null;
  // Drizzle writes an empty list as plain false or true.
  if ((condition.is === 'in' || condition.is === 'not in') && condition.texts.length === 0) return condition.is === 'not in';
  if (is === null) return null;
  const { by } = kindOf(column.kind);
  if (!by) throw new Error(`The oracle cannot compare values of kind ${column.kind}.`);
  if (condition.is === 'in' || condition.is === 'not in')
    return condition.texts.some((text) => by(is, text) === 0) === (condition.is === 'in');
  const order = by(is, condition.text);
  return { '=': order === 0, '<>': order !== 0, '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[condition.by];
}
