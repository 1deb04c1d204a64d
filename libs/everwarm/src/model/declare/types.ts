import type {
  AnyColumn,
  BuildQueryResult,
  Column,
  DBQueryConfig,
  FindTableByDBName,
  InferModelFromColumns,
  Many,
  NonUndefinedKeysOnly,
  One,
  Operators,
  Relation,
  Simplify,
  SQL,
  TableRelationalConfig,
  TablesRelationalConfig,
} from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Lifecycle } from '#contracts/lifecycle.ts';
import type { DocumentAt, ModelOver } from './embedded-types.ts';
import type { SqlDependency } from './sql-dependency.ts';

/*
 * The types of declarations. `DBQueryConfig` could be the constraint only while `through` and `aggregates` stayed at the
 * root, so its few lines are mirrored here with Drizzle's own leaf types.
 */

/** A document as `JSON.parse` gives it: dates, bigints and bytes are text, methods are gone. */
export type Jsonified<T> = 0 extends 1 & T
  ? T
  : unknown extends T
    ? T
    : T extends string | number | boolean | null | undefined
      ? T
      : T extends bigint | Date | Uint8Array
        ? string
        : T extends { toJSON(): infer J }
          ? Jsonified<J>
          : T extends readonly unknown[]
            ? { [I in keyof T]: Jsonified<T[I]> }
            : T extends object
              ? { [K in keyof T]: Jsonified<T[K]> }
              : never;

/** A value's type with what JSON has no form for replaced by a reason, so that code that makes such a value does not compile. */
export type PlainJson<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly unknown[]
      ? { [I in keyof T]: PlainJson<T[I]> }
      : T extends bigint | symbol | Uint8Array | Promise<unknown> | ((...given: never[]) => unknown) | { toJSON(): unknown }
        ? 'is not JSON: write it as text or a number'
        : { [K in keyof T]: PlainJson<T[K]> };

/** The table that a relation leads to. */
export type Target<S extends TablesRelationalConfig, R> = R extends Relation ? FindTableByDBName<S, R['referencedTableName']> : never;
/** Whether a relation leads to one row or to many. */
export type KindOf<R> = R extends One ? 'one' : 'many';
type Fields<T extends TableRelationalConfig> = Simplify<T['columns']>;
type DataOf<C extends Column> = C['_']['data'];

/** The names of a table's many relations. */
export type ManyKeys<T extends TableRelationalConfig> = {
  [K in keyof T['relations']]: T['relations'][K] extends Many<string> ? K : never;
}[keyof T['relations']];

/** A filter over one table's rows: an expression, or a callback that gives one. */
export type Where<T extends TableRelationalConfig> = SQL | ((fields: Fields<T>, operators: Operators) => SQL | undefined);

declare const type: unique symbol;

/** An aggregate of the builder, typed by its value. */
export type Aggregate<V> = { readonly kind: 'count' | 'sum' | 'min' | 'max' | 'avg'; readonly [type]?: V };

type NumericKeys<T extends TableRelationalConfig> = {
  [K in keyof T['columns']]: T['columns'][K]['_']['dataType'] extends 'number' | 'bigint'
    ? K
    : T['columns'][K]['_']['columnType'] extends 'PgNumeric'
      ? K
      : never;
}[keyof T['columns']];

type Filtered<S extends TablesRelationalConfig, T extends TableRelationalConfig, R extends ManyKeys<T>> = {
  where?: Where<Target<S, T['relations'][R & string]>>;
  reads?: Reads<S, Target<S, T['relations'][R & string]>>;
};
type ColumnOf<S extends TablesRelationalConfig, T extends TableRelationalConfig, R extends ManyKeys<T>, C> = DataOf<
  Target<S, T['relations'][R & string]>['columns'][C & string]
>;

/** What `aggregates` receives: each takes a many relation and, but for `count`, a column of its table. */
export interface Aggregates<S extends TablesRelationalConfig, T extends TableRelationalConfig> {
  /** How many rows; 0 for none. */
  count<R extends ManyKeys<T>>(relation: R, options?: Filtered<S, T, R>): Aggregate<number>;
  /** The sum; 0 for no rows. */
  sum<R extends ManyKeys<T>, C extends NumericKeys<Target<S, T['relations'][R & string]>>>(
    relation: R,
    column: C,
    options?: Filtered<S, T, R>,
  ): Aggregate<ColumnOf<S, T, R, C>>;
  /** The average as decimal text; null for no rows. */
  avg<R extends ManyKeys<T>, C extends NumericKeys<Target<S, T['relations'][R & string]>>>(
    relation: R,
    column: C,
    options?: Filtered<S, T, R>,
  ): Aggregate<string | null>;
  /** The smallest value; null for no rows. */
  min<R extends ManyKeys<T>, C extends keyof Target<S, T['relations'][R & string]>['columns']>(
    relation: R,
    column: C,
    options?: Filtered<S, T, R>,
  ): Aggregate<ColumnOf<S, T, R, C> | null>;
  /** The largest value; null for no rows. */
  max<R extends ManyKeys<T>, C extends keyof Target<S, T['relations'][R & string]>['columns']>(
    relation: R,
    column: C,
    options?: Filtered<S, T, R>,
  ): Aggregate<ColumnOf<S, T, R, C> | null>;
}

/** Many-to-many: the relation to the join table, then the relation on it; keyed by the name in the document. */
type Through<S extends TablesRelationalConfig, T extends TableRelationalConfig> = {
  [A in ManyKeys<T> & string]: { via: A } & {
    [B in keyof Target<S, T['relations'][A]>['relations'] & string]: {
      to: B;
      joinWhere?: Where<Target<S, T['relations'][A]>>;
    } & (
      | ReadModelQuery<'many', S, Target<S, Target<S, T['relations'][A]>['relations'][B]>>
      | EmbeddedWithTerms<Target<S, Target<S, T['relations'][A]>['relations'][B]>>
    );
  }[keyof Target<S, T['relations'][A]>['relations'] & string];
}[ManyKeys<T> & string];

/** How the rows of a relation, or the entries of a list, are ordered. */
export type OrderBy<T extends TableRelationalConfig> =
  | AnyColumn
  | SQL
  | (AnyColumn | SQL)[]
  | ((
      fields: Fields<T>,
      operators: { sql: Operators['sql']; asc: (column: AnyColumn | SQL) => SQL; desc: (column: AnyColumn | SQL) => SQL },
    ) => AnyColumn | SQL | (AnyColumn | SQL)[]);

/** Which rows of a relation, in which order, and how many. */
type Terms<T extends TableRelationalConfig> = { where?: Where<T>; orderBy?: OrderBy<T>; limit?: number };

type EmbeddedWithTerms<T extends TableRelationalConfig> = { model: ModelOver<T> } & Terms<T>;

/** What raw SQL reads through relations: nothing of it is put out, all of it is watched. */
export type Reads<S extends TablesRelationalConfig, T extends TableRelationalConfig> = {
  [K in keyof T['relations']]?:
    | true
    | {
        columns?: { [C in keyof Target<S, T['relations'][K]>['columns']]?: boolean };
        with?: Reads<S, Target<S, T['relations'][K]>>;
      };
};

/** Drizzle's relational query at every level, plus `through`, `aggregates`, `reads` and other read models in the place of a query. */
export type ReadModelQuery<Kind extends 'one' | 'many', S extends TablesRelationalConfig, T extends TableRelationalConfig> = {
  columns?: { [K in keyof T['columns']]?: boolean };
  with?: {
    [K in keyof T['relations']]?:
      | true
      | ReadModelQuery<KindOf<T['relations'][K]>, S, Target<S, T['relations'][K]>>
      | ModelOver<Target<S, T['relations'][K]>>
      | (KindOf<T['relations'][K]> extends 'many'
          ? EmbeddedWithTerms<Target<S, T['relations'][K]>>
          : { model: ModelOver<Target<S, T['relations'][K]>> });
  };
  reads?: Reads<S, T>;
  extras?: DBQueryConfig<Kind, false, S, T>['extras'];
  aggregates?: (a: Aggregates<S, T>) => Record<string, Aggregate<unknown>>;
  through?: Record<string, Through<S, T>>;
} & (Kind extends 'many' ? Terms<T> : unknown);

/** The config of `defineReadModel`. */
export type ReadModelConfig<S extends TablesRelationalConfig, T extends TableRelationalConfig> = ReadModelQuery<'one', S, T> & {
  name: string;
  where?: Where<T>;
  /**
   * Tables that raw SQL in it reads, where no relation leads to them: with `link` and `wayBack`, SQL over the relation `changed`
   * that gives the primary keys, by their names in the database, of the documents that such rows may be in.
   */
  dependsOn?: readonly DependsOn<S>[];
  /** When documents are written: `async` (the default), `inline` or lazy. May be changed at any time by `migrate`. */
  lifecycle?: Lifecycle;
  /**
   * The column of the root table that says whose a row is. It becomes the first part of each key and the first property of each document,
   * so that a reader of one tenant (`reader.forTenant`) reaches no other's, whatever keys it makes up. Lists over the model are the
   * tenant's too.
   */
  tenantBy?: keyof T['columns'] & string;
};

type DependsOn<S extends TablesRelationalConfig> = {
  [K in keyof S]: SqlDependency<
    PgTable<{
      name: S[K]['dbName'];
      schema: string | undefined;
      dialect: 'pg';
      columns: Extract<S[K]['columns'], Record<string, PgColumn>>;
    }>
  >;
}[keyof S];

/** The config of `defineList`. */
export type ListConfig<S extends TablesRelationalConfig, T extends TableRelationalConfig> = {
  name: string;
  /** A column of the item's table, or [many relation, column of its table] for membership through a join table. None: one list. */
  partitionBy?:
    | (keyof T['columns'] & string)
    | { [R in ManyKeys<T> & string]: readonly [R, keyof Target<S, T['relations'][R]>['columns'] & string] }[ManyKeys<T> & string];
  where?: Where<T>;
  /** Columns or immutable expressions. Texts are compared by their bytes, as under the collation "C", and by their first 500 characters. */
  orderBy: OrderBy<T>;
  /** How many entries of each partition Redis holds, the first ones; pages beyond come from Postgres. From 1 to 10,000; default 1000. */
  keep?: number;
  /** Whether each page tells how many entries its partition has. */
  count?: boolean;
  /** When entries are written: `async` (the default) or `inline`. May be changed at any time by `migrate`. */
  lifecycle?: Extract<Lifecycle, string>;
};

/** Columns with a JSON form of their own have its type. */
type InDeclaredForms<T extends TableRelationalConfig, Row> = {
  [K in keyof Row]: K extends keyof T['columns']
    ? T['columns'][K]['_'] extends { jsonForm: infer J }
      ? J | Extract<Row[K], null>
      : Row[K]
    : Row[K];
};

/** The type of a document, before it became JSON. */
export type ResultOf<S extends TablesRelationalConfig, T extends TableRelationalConfig, C> = Simplify<
  InDeclaredForms<T, BuildQueryResult<S, T, C extends true ? true : Pick<C, Extract<keyof C, 'columns' | 'extras'>>>> &
    (C extends { with: infer W }
      ? {
          [K in NonUndefinedKeysOnly<W> & keyof T['relations']]: T['relations'][K] extends infer R extends Relation
            ? R extends One<string, infer N>
              ? DocumentAt<W[K], ResultOf<S, Target<S, R>, W[K]>> | (N extends true ? never : null)
              : DocumentAt<W[K], ResultOf<S, Target<S, R>, W[K]>, never>[]
            : never;
        }
      : unknown) &
    (C extends { aggregates: (...a: never[]) => infer A } ? { [K in keyof A]: A[K] extends Aggregate<infer V> ? V : never } : unknown) &
    (C extends { through: infer H }
      ? {
          [K in keyof H]: H[K] extends { via: infer A extends string; to: infer B extends string }
            ? DocumentAt<
                H[K],
                ResultOf<S, Target<S, Target<S, T['relations'][A]>['relations'][B]>, Omit<H[K], 'via' | 'to' | 'joinWhere'>>,
                never
              >[]
            : never;
        }
      : unknown)
>;

type PrimaryKey<T extends TableRelationalConfig> = {
  [K in keyof T['columns']]: T['columns'][K]['_']['isPrimaryKey'] extends true ? K : never;
}[keyof T['columns']];

/** The type of a key: the value of the one `.primaryKey()` column, or an object of columns, since Drizzle's types do not see composite keys. */
export type KeyOf<T extends TableRelationalConfig> = [PrimaryKey<T>] extends [never]
  ? Partial<InferModelFromColumns<T['columns']>>
  : DataOf<T['columns'][PrimaryKey<T> & string]>;
