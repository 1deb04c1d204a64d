import type { Dependency } from '#contracts/compiled.ts';
import { compileSqlDependencies, type SqlDependency } from '#model/declare/sql-dependency.ts';
import { type Casing, type ColumnInfo, definition, type SchemaIndex } from '#model/schema.ts';
import { type PlanNode, rootKey } from './plan.ts';
import type { ReadableTable } from './readable.ts';

/** What a declaration depends on beyond what its query shows: tables that its raw SQL may read, with ways back in SQL. */
export type DeclaredDependencies = {
  /** For every place of the query; a column that an expression names is watched whether `columns` lists it or not. */
  readonly readable: readonly ReadableTable[];
  /** The dependencies, once all expressions of the plan are rendered. Throws E_DEFINITION. */
  compile(root: PlanNode): Dependency[];
};

/** Reads `dependsOn` of a declaration. Throws E_DEFINITION for what is not a list of tables of this schema. */
export function planDependsOn(schema: SchemaIndex, casing: Casing | undefined, name: string, declared: unknown): DeclaredDependencies {
  const path = `${name}.dependsOn`;
  if (declared !== undefined && !Array.isArray(declared)) throw definition(path, 'must be a list of { table, columns, link, wayBack }.');
  const dependencies = (declared ?? []) as readonly SqlDependency[];
  const named = dependencies.map(() => new Set<string>());
  const readable = dependencies.map(({ table }, index): ReadableTable => {
    const property = Object.entries(schema.source).find(([, value]) => value === table)?.[0];
    if (property === undefined) throw definition(`${path}[${index}]`, 'has a "table" that is not of the given schema.');
    return { info: schema.table(property, `${path}[${index}]`), watch: ({ property: column }: ColumnInfo) => named[index]?.add(column) };
  });
  return {
    readable,
    compile(root) {
      const whole = dependencies.map((one, index) => ({ ...one, columns: [...(one.columns ?? []), ...(named[index] ?? [])] }));
      return compileSqlDependencies(path, whole, rootKey(root), casing);
    },
  };
}
