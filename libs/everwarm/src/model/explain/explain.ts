import type { ModelAggregate } from '#contracts/aggregates.ts';
import type { CompiledModel, Dependency, KeyColumn } from '#contracts/compiled.ts';
import type { Shape } from '#contracts/shape.ts';
import { definitionHash } from '#model/compile.ts';

/** A column that a read model watches in one table, and the places of the declaration that need it. */
export type WatchedColumn = { readonly column: string; readonly paths: readonly string[] };

/** Everything that is derived from one declaration, step by step. SQL stands as it is executed. */
export type Explanation = {
  readonly name: string;
  readonly kind: CompiledModel['kind'];
  /** What makes this definition another than the one before it. */
  readonly hash: string;
  readonly root: string;
  readonly key: readonly KeyColumn[];
  /** The rows that have a document or entry, and the document's properties; null for hand-written SQL. */
  readonly shape: Shape | null;
  /** The revision of the code over each document; null where SQL makes it alone. */
  readonly transform: number | null;
  readonly watches: readonly { readonly table: string; readonly columns: readonly WatchedColumn[] }[];
  /** How a changed row of each place finds its documents: `sql` null where its link columns are the key. */
  readonly waysBack: readonly {
    readonly path: string;
    readonly table: string;
    readonly link: readonly string[];
    readonly sql: string | null;
  }[];
  readonly recompute: string;
  readonly aggregates: readonly ModelAggregate[];
  /** The statement that finds the next moment at which the time alone changes a document; null where it never does. */
  readonly moments: string | null;
  /** `through`: the table that the partition's column is of, where it is not the root. */
  readonly list: (NonNullable<CompiledModel['list']> & { readonly through: string | null }) | null;
};

/** Explains a compiled model. Pure. */
export function explainModel(model: CompiledModel): Explanation {
  return {
    name: model.name,
    kind: model.kind,
    hash: definitionHash(model),
    root: tableWords(model.root),
    key: model.key,
    shape: model.shape ?? null,
    transform: model.transform?.revision ?? null,
    watches: watches(model.dependencies),
    waysBack: model.dependencies.map(({ path, table, link, wayBack }) => ({
      path,
      table: tableWords(table),
      link,
      sql: wayBack.kind === 'direct' ? null : wayBack.sql,
    })),
    recompute: model.recompute,
    aggregates: model.aggregates ?? [],
    moments: model.moments ?? null,
    list: model.list ? { ...model.list, through: partitionTable(model) } : null,
  };
}

/** A table's name, with its schema where that is not `public`. */
export const tableWords = ({ schema, name }: Dependency['table']): string => (schema === 'public' ? name : `${schema}.${name}`);

/** The table that a list's partition is a column of, where it is not the list's own; null for that and for lists without partitions. */
export function partitionTable({ name, list, dependencies }: CompiledModel): string | null {
  const reads = ({ columns }: Dependency) => columns.includes(list?.partition?.name ?? '');
  const own = dependencies.find(({ path }) => path === name);
  const other = dependencies.find((dependency) => dependency !== own && reads(dependency));
  return list?.partition && other && !(own && reads(own)) ? tableWords(other.table) : null;
}

function watches(dependencies: readonly Dependency[]): Explanation['watches'] {
  const tables = new Map<string, Map<string, string[]>>();
  for (const { table, columns, path } of dependencies) {
    const words = tableWords(table);
    const known = tables.get(words) ?? new Map<string, string[]>();
    tables.set(words, known);
    for (const column of columns) known.set(column, [...(known.get(column) ?? []), path]);
  }
  return [...tables].map(([table, columns]) => ({ table, columns: [...columns].map(([column, paths]) => ({ column, paths })) }));
}
