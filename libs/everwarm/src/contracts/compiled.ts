import type { ModelAggregate } from './aggregates.ts';
import type { KeyType } from './key.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Shape } from './shape.ts';

/** A table as the database names it. */
export type TableName = { readonly schema: string; readonly name: string };

/** One column of a read model's key. `labels` are the values of an enum: any other text is no key, and Postgres would refuse it. */
export type KeyColumn = { readonly name: string; readonly property: string; readonly type: KeyType; readonly labels?: readonly string[] };

/**
 * One place of a query that reads a table, and the way from a changed row of it back to the keys it may affect.
 * `link` names the columns whose old and new values the capture records; the relay gives them, as text, to `wayBack`.
 */
export type Dependency = {
  /** Where in the declaration, e.g. `post_detail.comments.author`. */
  readonly path: string;
  readonly table: TableName;
  /** An update that changes none of these recomputes nothing. Includes `link`. Sorted. */
  readonly columns: readonly string[];
  readonly link: readonly string[];
  /**
   * `direct`: the link values are the key. `query`: SQL with one text[] parameter per link column, giving rows (key text). A row
   * with a null in its link joins nothing and is not asked about, unless the SQL is the user's own, which may see them.
   */
  readonly wayBack: { readonly kind: 'direct' } | { readonly kind: 'query'; readonly sql: string; readonly nulls?: true };
};

/**
 * How a statement finds rows of a table: those with these values in `equal`, and of them the first in this order. What an index
 * must serve for the cost of a change not to grow with rows that it does not touch.
 */
export type Lookup = {
  /** The place in the declaration whose rows, or whose way back, are looked for. */
  readonly path: string;
  readonly table: TableName;
  readonly equal: readonly string[];
  readonly order: readonly { readonly column: string; readonly descending: boolean; readonly nullsFirst: boolean }[];
};

/** An expression that the user wrote, to be checked against the catalogue for its reach and volatility. `reads`: other tables it may read. */
export type Fragment = {
  readonly path: string;
  readonly table: TableName;
  readonly alias: string;
  readonly sql: string;
  readonly reads?: readonly TableName[];
};

/**
 * A read model as data: all that the relay and the workers need to keep it, stored in `everwarm.generations` so that a
 * process executes what was stored and not its own code's idea of a definition.
 */
export type CompiledModel = {
  readonly name: string;
  readonly kind: 'document' | 'list';
  readonly root: TableName;
  readonly key: readonly KeyColumn[];
  /** Present when the first column of the key says whose the document or entry is. */
  readonly tenanted?: true;
  /**
   * `$1 text[]` keys. A document model gives one row (key, doc) per key, doc null where there is none;
   * a list gives one row (key, partition, member bytea) per entry of these keys.
   */
  readonly recompute: string;
  /**
   * The same rows as `recompute`, from nothing but the source tables: for those who check or do not trust what is kept. Absent
   * where `recompute` itself reads nothing else; see {@link sourcesSql}.
   */
  readonly fromSources?: string;
  /** How each aggregate of the model is computed. Absent where it has none. */
  readonly aggregates?: readonly ModelAggregate[];
  /** `$1 text[]` last key's column values or null, `$2 int` limit: the next keys in primary key order as (key, position text[]). */
  readonly enumerate: string;
  /** The same without the model's own conditions, which may fail by a value they meet: the keys of all rows. Absent where there are none. */
  readonly everyKey?: string;
  /** `$1 text[]` keys: those that `enumerate` would find, as (key). */
  readonly present: string;
  readonly dependencies: readonly Dependency[];
  readonly fragments: readonly Fragment[];
  /** What indexes are good for: advice, so not part of what makes two definitions differ. */
  readonly lookups?: readonly Lookup[];
  /**
   * Present when the time alone may change a document or entry: `$1 text[]` keys, giving (key, at) for those that have such a
   * moment yet to come, the next one.
   */
  readonly moments?: string;
  /** Present in hand-written SQL: the user's query alone, whose columns and functions are checked against the catalogue. */
  readonly written?: string;
  /** Present when a process's own code makes the document of what `recompute` gives: only code of this revision can. */
  readonly transform?: { readonly revision: number };
  /** When its documents are written, as declared; absent for `async`. Not stored with the definition: see {@link Generation}. */
  readonly lifecycle?: Lifecycle;
  /** The definition in words, for `explain` and for telling two definitions apart. Absent in hand-written SQL. */
  readonly shape?: Shape;
  readonly list?: {
    /** The name of the document model whose documents the list shows. */
    readonly item: string;
    readonly partition: KeyColumn | null;
    /** Whose a partition is, where the item's documents have tenants: the first part of its text. */
    readonly tenant?: KeyColumn;
    /** `$1 text` partition: all of its entries from the sources, in no order, as (key, member). */
    readonly entries: string;
    /** How many entries of each partition Redis holds: the first ones. */
    readonly keep: number;
    /** Whether the number of entries of each partition is kept. */
    readonly count: boolean;
  };
};

/** The statement that gives a model's rows from nothing but the source tables. */
export function sourcesSql(model: Pick<CompiledModel, 'recompute' | 'fromSources'>): string {
  return model.fromSources ?? model.recompute;
}

/** The life of a generation: it is filled, then read; the one before it stays warm for code that still asks for it. */
export type GenerationState = 'building' | 'serving' | 'previous' | 'dropped';

/** One build of one definition of a read model. */
export type Generation = {
  readonly id: number;
  readonly name: string;
  readonly hash: string;
  readonly state: GenerationState;
  readonly model: CompiledModel;
  /** When its documents are written. Changed in place by `migrate`. */
  readonly lifecycle: Lifecycle;
  /** Why its statements cannot run in this database as it now is, e.g. a column that is gone; null while they can. */
  readonly stalled: string | null;
};
