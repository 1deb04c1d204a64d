import { getOrderByOperators, is, SQL } from 'drizzle-orm';
import { declaredForm } from '#model/declare/json-form.ts';
import { type ColumnInfo, columnNamed, definition, type TableInfo } from '#model/schema.ts';
import { entries } from './declared.ts';
import type { TableScope } from './expression.ts';
import type { PlanField } from './plan.ts';

/** The columns that a selection takes, in the order of the table: those named true, or all but those named false. */
export function planColumns(scope: TableScope, selection: unknown, path: string): PlanField[] {
  return columnsNamed(scope.info, selection, path).map((column) => {
    const name = column.property;
    const form = declaredForm(column.column, column.column);
    return form ? { kind: 'extra', name, expression: scope.render(form, `${path}.${name}`) } : { kind: 'column', name, column };
  });
}

/** The columns that a selection names. Throws E_DEFINITION for one that the table does not have. */
export function columnsNamed(table: TableInfo, selection: unknown, path: string): readonly ColumnInfo[] {
  const chosen = entries(selection, `${path}.columns`).filter(([, value]) => value !== undefined);
  for (const [name] of chosen) columnNamed(table, name, `${path}.columns`);
  const include = new Set(chosen.filter(([, value]) => value === true).map(([name]) => name));
  const exclude = new Set(chosen.filter(([, value]) => value === false).map(([name]) => name));
  if (selection === undefined) return table.columns;
  return include.size > 0 || exclude.size === 0
    ? table.columns.filter((column) => include.has(column.property))
    : table.columns.filter((column) => !exclude.has(column.property));
}

/** The expressions of `extras`. */
export function planExtras(scope: TableScope, extras: unknown, path: string): PlanField[] {
  const built: unknown = typeof extras === 'function' ? extras(scope.fields, getOrderByOperators()) : extras;
  return entries(built, path).map(([name, value]) => {
    if (!is(value, SQL.Aliased)) throw definition(`${path}.${name}`, "must be an SQL expression with .as('name').");
    return { kind: 'extra', name, expression: scope.render(value.sql, `${path}.${name}`) };
  });
}
