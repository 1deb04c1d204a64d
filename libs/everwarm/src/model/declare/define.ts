import type { ExtractTablesWithRelations, TableRelationalConfig, TablesRelationalConfig } from 'drizzle-orm';
import type { CompiledModel } from '#contracts/compiled.ts';
import type { Lifecycle } from '#contracts/lifecycle.ts';
import { reservedNames } from '#contracts/names.ts';
import { compileDocument } from '#model/compile.ts';
import { compileList, type RawList } from '#model/compile-list.ts';
import type { RawQuery } from '#model/plan/declared.ts';
import { planDocument } from '#model/plan/plan-query.ts';
import { type Casing, definition, indexSchema } from '#model/schema.ts';
import type { Embeddable, Rows } from './embedded-types.ts';
import type { KnownConfig } from './known-names.ts';
import { checkLifecycle, checkListLifecycle, checkTransformed, living } from './lifecycle.ts';
import { checkTransformation, type Transformation } from './transform.ts';
import type { Jsonified, KeyOf, ListConfig, PlainJson, ReadModelConfig, ResultOf } from './types.ts';

declare const phantom: unique symbol;

/** A declared document model. The phantom types carry its document, its key and its place in the schema. */
export interface ReadModel<
  Doc = unknown,
  Key = unknown,
  S extends TablesRelationalConfig = TablesRelationalConfig,
  T extends TableRelationalConfig = TableRelationalConfig,
  R extends Rows = Rows,
> extends Embeddable<Doc, T, R> {
  readonly kind: 'document';
  readonly name: string;
  /** When its documents are written. */
  readonly lifecycle: Lifecycle;
  /** The model as data, for a schema whose column names follow this casing. Pure. */
  compile(casing?: Casing): CompiledModel;
  /**
   * The same model with code of its own over each document: a pure function of the JSON form, whose result, plain JSON, is the
   * document from then on. The revision is part of the definition: count it up whenever the function would give something else,
   * and a new generation is built; documents of the old revision are left to processes that still have it. Such a model costs a
   * round trip through Node per batch, and cannot be embedded or written inline. Throws E_DEFINITION then, and when there is a transform already.
   */
  transform<Out>(revision: number, apply: (document: Doc) => Out & PlainJson<Out>): ReadModel<Jsonified<Out>, Key, S, T, 'transformed'>;
  /** The code over each document, null for none. Not for use outside the package. */
  readonly transformation: Transformation | null;
  /** What a list over this model needs. Not for use outside the package. */
  readonly declaration: Declaration;
  readonly [phantom]?: { readonly doc: Doc; readonly key: Key; readonly schema: S; readonly table: T };
}

/** A declared list of a document model's documents. */
export interface ListModel<Doc = unknown> {
  readonly kind: 'list';
  readonly name: string;
  /** The document model whose documents the list shows. */
  readonly item: ReadModel<Doc>;
  /** When its entries are written. */
  readonly lifecycle: Lifecycle;
  /** The list as data, for a schema whose column names follow this casing. Pure. */
  compile(casing?: Casing): CompiledModel;
  readonly [phantom]?: { readonly doc: Doc };
}

/** Either kind of declaration. */
export type AnyModel = ReadModel | ListModel;

/** What was declared, as it was written. */
export type Declaration = { readonly schema: Record<string, unknown>; readonly root: string; readonly query: RawQuery };

/**
 * Declares a document model: one JSON document per row of `root`, by Drizzle's own relational query. `schema` is the object
 * that `drizzle()` takes, tables and relations. Names everything from then on: Postgres view, Redis keys, metrics.
 * Throws E_DEFINITION, naming model and path, for a shape that is not supported.
 */
export function defineReadModel<
  Schema extends Record<string, unknown>,
  S extends ExtractTablesWithRelations<Schema>,
  K extends keyof S & string,
  C extends ReadModelConfig<S, S[K]>,
>(
  schema: Schema,
  root: K,
  config: C & KnownConfig<C, S, S[K]>,
): ReadModel<Jsonified<ResultOf<S, S[K], C>>, KeyOf<S[K]>, S, S[K], C extends { where: unknown } ? 'some' : 'all'> {
  const name = checkName(config.name);
  const { lifecycle, ...query } = config as RawQuery;
  const declaration: Declaration = { schema, root, query };
  const declared = { name, root, query: declaration.query };
  const compile = (casing?: Casing) => compileDocument(planDocument(indexSchema(schema, casing), casing, declared));
  // Models given as functions may not exist yet; they are followed when the model is put to use.
  compileDocument(planDocument(indexSchema(schema), undefined, declared, 'left'));
  return documentModel({ name, lifecycle: checkLifecycle(name, lifecycle), compile, transformation: null, declared: () => declaration });
}

/** What a document model is made of; `declared` is asked only by what builds on the declaration, and may refuse. */
type ModelParts = Pick<ReadModel, 'name' | 'lifecycle' | 'compile' | 'transformation'> & { readonly declared: () => Declaration };

/** A document model of its parts. */
export function documentModel<Doc, Key, S extends TablesRelationalConfig, T extends TableRelationalConfig, R extends Rows>(
  parts: ModelParts,
): ReadModel<Doc, Key, S, T, R> {
  const { name, lifecycle, compile, transformation, declared } = parts;
  const transform: ReadModel<Doc, Key, S, T, R>['transform'] = (revision, apply) => {
    if (transformation !== null) throw definition(`${name}.transform`, 'is declared twice. Put both into one function.');
    const added: Transformation = { revision, apply };
    checkTransformation(name, added);
    checkTransformed(name, lifecycle);
    return documentModel({ ...parts, compile: (casing) => ({ ...compile(casing), transform: { revision } }), transformation: added });
  };
  return Object.freeze({
    kind: 'document',
    name,
    lifecycle,
    compile: (casing?: Casing) => living(compile(casing), lifecycle),
    transform,
    transformation,
    get declaration() {
      return declared();
    },
  });
}

/**
 * Declares a list: the documents of `item` in one order, whole or per partition. The order is made total by the primary key.
 * Throws E_DEFINITION, naming list and path, for a shape that is not supported.
 */
export function defineList<Doc, Key, S extends TablesRelationalConfig, T extends TableRelationalConfig>(
  item: ReadModel<Doc, Key, S, T>,
  config: ListConfig<S, T>,
): ListModel<Doc> {
  const name = checkName(config.name);
  const { lifecycle: declared, ...list } = config;
  const { schema, root, query } = item.declaration;
  const compileWith = (casing?: Casing, forward?: 'left') => {
    const index = indexSchema(schema, casing);
    return compileList(index, casing, planDocument(index, casing, { name: item.name, root, query }, forward), list as RawList);
  };
  compileWith(undefined, 'left');
  const lifecycle = checkListLifecycle(name, declared);
  const compile = (casing?: Casing) => living(compileWith(casing), lifecycle);
  return Object.freeze({ kind: 'list', name, item: item as ReadModel<Doc>, lifecycle, compile });
}

/** A name that a read model may have. Throws E_DEFINITION for any other. */
export function checkName(name: unknown): string {
  if (typeof name !== 'string' || !/^[a-z][a-z0-9_]{0,47}$/.test(name)) {
    throw definition(
      JSON.stringify(name),
      'is not a name for a read model. Use lower-case letters, digits and underscores, a letter first, at most 48 characters.',
    );
  }
  if (reservedNames.has(name) || name.startsWith('projection_') || name.startsWith('capture_'))
    throw definition(name, 'is a name the engine uses itself. Choose another.');
  return name;
}
