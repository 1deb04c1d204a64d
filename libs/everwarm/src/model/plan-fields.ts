import { getOrderByOperators, is, SQL } from 'drizzle-orm';
import { entries } from './declared.ts';
import type { TableScope } from './expression.ts';
import type { PlanField } from './plan.ts';
import { columnNamed, definition, type TableInfo } from './schema.ts';

/** The columns that a selection takes, in the order of the table: those named true, or all but those named false. */
export function planColumns(table: TableInfo, selection: unknown, path: string): PlanField[] {
  const chosen = entries(selection, `${path}.columns`).filter(([, value]) => value !== undefined);
  for (const [name] of chosen) columnNamed(table, name, `${path}.columns`);
  const include = new Set(chosen.filter(([, value]) => value === true).map(([name]) => name));
  const exclude = new Set(chosen.filter(([, value]) => value === false).map(([name]) => name));
  const wanted =
    selection === undefined
      ? table.columns
      : include.size > 0 || exclude.size === 0
        ? table.columns.filter((column) => include.has(column.property))
        : table.columns.filter((column) => !exclude.has(column.property));
  return wanted.map((column) => ({ kind: 'column', name: column.property, column }));
}

/** The expressions of `extras`. */
export function planExtras(scope: TableScope, extras: unknown, path: string): PlanField[] {
  const built: unknown = typeof extras === 'function' ? extras(scope.fields, getOrderByOperators()) : extras;
  return entries(built, path).map(([name, value]) => {
    if (!is(value, SQL.Aliased)) throw definition(`${path}.${name}`, "must be an SQL expression with .as('name').");
    return { kind: 'extra', name, expression: scope.render(value.sql, `${path}.${name}`) };
  });
}
