import type { TableName } from './compiled.ts';

/** What of a row is added up; null where rows are only counted. `scale`: the digits behind the point that every value has. */
export type SummedColumn = { readonly name: string; readonly scale: number };

/**
 * An aggregate over the rows of one table per key, kept as a base and the deltas that writers append. Read models that ask the
 * same of the same rows share one. All SQL in it is about a row called `r`.
 */
export type KeptAggregate = {
  /** A positive bigint as text, made of all that follows: equal definitions are one aggregate wherever they were compiled. */
  readonly id: string;
  readonly table: TableName;
  /** The columns that join a row to its parent. Their text is the key; a row with a null in them belongs to none. */
  readonly link: readonly string[];
  /** Which rows count, as an SQL condition; null for all. Depends on nothing but the row. */
  readonly where: string | null;
  readonly value: SummedColumn | null;
  /** Every column that decides a row's part in it. */
  readonly columns: readonly string[];
  /** Whether its condition reads only types whose values mean the same under any session's settings. */
  readonly isSteady: boolean;
};

/** How one aggregate of a read model is computed: from base and deltas, or by reading its rows again, and then why. */
export type ModelAggregate = { readonly path: string; readonly function: string } & (
  | { readonly kept: 'deltas'; readonly aggregate: KeptAggregate }
  | { readonly kept: 'reread'; readonly why: string }
);

/** The aggregates that these read models keep by deltas, each once. */
export function keptAggregates(models: readonly { readonly aggregates?: readonly ModelAggregate[] }[]): KeptAggregate[] {
  const kept = new Map<string, KeptAggregate>();
  for (const model of models)
    for (const entry of model.aggregates ?? []) if (entry.kept === 'deltas') kept.set(entry.aggregate.id, entry.aggregate);
  return [...kept.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
