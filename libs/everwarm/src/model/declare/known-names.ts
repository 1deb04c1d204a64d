import type { TableRelationalConfig, TablesRelationalConfig } from 'drizzle-orm';
import type { Embeddable, ModelOver } from './embedded-types.ts';
import type { KindOf, Target } from './types.ts';

/*
 * TypeScript looks for names too many only in a literal whose type is known beforehand, not in one from which a type is
 * inferred. So whatever was inferred is gone through once more, and a name that nothing has becomes a property of type never.
 */

type QueryOption = 'columns' | 'with' | 'extras' | 'aggregates' | 'through' | 'reads';
type Terms = 'where' | 'orderBy' | 'limit';
type OptionsOf<R> = KindOf<R> extends 'many' ? QueryOption | Terms : QueryOption;

/*
 * Drizzle's types find a relation's table by its name alone. Where two schemas have a table of that name they give both, and
 * the names of either are taken.
 */
type ColumnNames<T> = T extends TableRelationalConfig ? keyof T['columns'] : never;
type KeysOfAny<O> = O extends unknown ? keyof O : never;
type ValueOfAny<O, K> = O extends unknown ? (K extends keyof O ? O[K] : never) : never;
type RelationNames<T> = T extends TableRelationalConfig ? KeysOfAny<T['relations']> : never;
type RelationOf<T, R> = T extends TableRelationalConfig ? ValueOfAny<T['relations'], R> : never;

/** Demands of an inferred object that it has no other names than these. */
export type Only<C, Names> = { [K in keyof C]: K extends Names ? unknown : never };

/** Demands of an inferred query that each name in it exists: options, columns and relations at every depth. */
export type KnownNames<C, S extends TablesRelationalConfig, T extends TableRelationalConfig, Options> = {
  [K in keyof C]: K extends 'columns'
    ? Only<C[K], ColumnNames<T>>
    : K extends 'with'
      ? { [R in keyof C[K]]: R extends RelationNames<T> ? KnownNested<C[K][R], S, RelationOf<T, R>> : never }
      : K extends 'reads'
        ? KnownReads<C[K], S, T>
        : K extends 'through'
          ? { [N in keyof C[K]]: KnownThrough<C[K][N], S, T> }
          : K extends Options
            ? unknown
            : never;
};

/** Demands of an inferred read model's config that each name in it exists. */
export type KnownConfig<C, S extends TablesRelationalConfig, T extends TableRelationalConfig> = KnownNames<
  C,
  S,
  T,
  QueryOption | 'name' | 'where' | 'dependsOn' | 'lifecycle' | 'tenantBy'
>;

type KnownNested<W, S extends TablesRelationalConfig, R> = W extends boolean | undefined | Embeddable | (() => unknown)
  ? unknown
  : W extends { model: unknown }
    ? KnownModel<W, Target<S, R>, KindOf<R> extends 'many' ? Terms : never>
    : KnownNames<W, S, Target<S, R>, OptionsOf<R>>;

/** A model with terms around it is also a query with a name too many, so its table is asked for here. */
type KnownModel<W, T extends TableRelationalConfig, Names> = {
  [K in keyof W]: K extends 'model' ? ModelOver<T> : K extends Names ? unknown : never;
};

type KnownReads<C, S extends TablesRelationalConfig, T extends TableRelationalConfig> = {
  [R in keyof C]: R extends RelationNames<T>
    ? {
        [K in keyof C[R]]: K extends 'columns'
          ? Only<C[R][K], ColumnNames<Target<S, RelationOf<T, R>>>>
          : K extends 'with'
            ? KnownReads<C[R][K], S, Target<S, RelationOf<T, R>>>
            : C[R] extends boolean
              ? unknown
              : never;
      }
    : never;
};

type KnownThrough<W, S extends TablesRelationalConfig, T extends TableRelationalConfig> = W extends {
  via: infer A;
  to: infer B;
}
  ? B extends RelationNames<Target<S, RelationOf<T, A>>>
    ? W extends { model: unknown }
      ? KnownModel<W, Target<S, RelationOf<Target<S, RelationOf<T, A>>, B>>, 'via' | 'to' | 'joinWhere' | Terms>
      : KnownNames<W, S, Target<S, RelationOf<Target<S, RelationOf<T, A>>, B>>, QueryOption | Terms | 'via' | 'to' | 'joinWhere'>
    : unknown
  : unknown;
