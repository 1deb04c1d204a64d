import { type ColumnInfo, columnNamed, definition, type TableInfo } from '#model/schema.ts';
import { keyType } from '#model/sql/forms.ts';
import type { PlanField } from './plan.ts';

/**
 * The column that says whose a root row is, null where `tenantBy` is not declared. Throws E_DEFINITION for one that may be null: such
 * a row would be nobody's, and have no key.
 */
export function planTenant(table: TableInfo, declared: unknown, name: string): ColumnInfo | null {
  if (declared === undefined) return null;
  const path = `${name}.tenantBy`;
  if (typeof declared !== 'string') throw definition(path, `must be the name of a column of "${table.property}".`);
  const column = columnNamed(table, declared, path);
  if (!column.column.notNull) throw definition(path, `names "${declared}", which may be null. Declare it with notNull().`);
  keyType(column, path);
  return column;
}

/** The columns of a document's key: its tenant, then the rest of the primary key. */
export function keyWithTenant(table: TableInfo, tenant: ColumnInfo): readonly ColumnInfo[] {
  return [tenant, ...table.primaryKey.filter((column) => column !== tenant)];
}

/**
 * A root's fields with the tenant's first, so that whoever is given the bytes finds it at their beginning. Throws E_DEFINITION where
 * the document does not hold it.
 */
export function tenantFirst(fields: readonly PlanField[], tenant: ColumnInfo, name: string): PlanField[] {
  const own = fields.find((field) => field.name === tenant.property && (field.kind === 'column' || field.kind === 'extra'));
  if (!own)
    throw definition(
      `${name}.columns`,
      `leaves out "${tenant.property}", which "tenantBy" names: each document must say whose it is. Add it.`,
    );
  return [own, ...fields.filter((field) => field !== own)];
}
