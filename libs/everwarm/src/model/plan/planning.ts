import type { Fragment } from '#contracts/compiled.ts';
import { type Casing, definition, type ResolvedRelation, type SchemaIndex, type TableInfo } from '#model/schema.ts';
import type { RawQuery } from './declared.ts';
import { type TableScope, tableScope } from './expression.ts';
import type { ReadableTable } from './readable.ts';

/** What all parts of one planning share. */
export type Planning = {
  readonly schema: SchemaIndex;
  readonly casing: Casing | undefined;
  readonly fragments: Fragment[];
  /** Other tables that expressions of any place may read, as `dependsOn` declares them. */
  readonly readable: readonly ReadableTable[];
  aliases: number;
  /** The declarations inside which planning is at this moment, outermost first. */
  readonly within: { readonly name: string; readonly query: RawQuery }[];
  /** Whether embedded models that are given as a function are asked for: not while the modules that declare them still load. */
  readonly forward: 'followed' | 'left';
};

/** A new appearance of a table, under an alias that no other has, nor any table: raw SQL reads those by their own names. */
export function openScope(planning: Planning, table: TableInfo): TableScope {
  let alias: string;
  do alias = `t${planning.aliases++}`;
  while (planning.schema.tableNames.has(alias));
  return tableScope(table, alias, planning.casing, planning.fragments);
}

/** A relation that must lead to many rows. */
export function many(relation: ResolvedRelation, path: string): ResolvedRelation {
  if (relation.kind !== 'many')
    throw definition(
      path,
      `needs a relation to many rows, and this one leads to a single row of "${relation.target.property}". Name another.`,
    );
  return relation;
}
