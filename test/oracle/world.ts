import type { AnyModel, EverwarmConfig, ListModel, ReadModel } from 'everwarm';
import type { Rows } from './naive.ts';
import type { OwnPools } from './random-values.ts';

/** A document model and what its documents must be: key text to JSON text. */
export type DocumentCheck = { readonly model: ReadModel; readonly expected: (rows: Rows) => ReadonlyMap<string, string> };

/** A list and what it must be: partition text to the texts of item keys, in order. */
export type ListCheck = { readonly list: ListModel; readonly expected: (rows: Rows) => ReadonlyMap<string, readonly string[]> };

/** A schema that is not the blog's, the read models over it, and independent expectations of each. */
export type World = {
  readonly name: string;
  /** Creates the tables in an empty database. */
  readonly ddl: string;
  readonly casing?: NonNullable<EverwarmConfig['casing']>;
  readonly documents: readonly DocumentCheck[];
  readonly lists: readonly ListCheck[];
  readonly own: OwnPools;
  /** Whether histories may bring thousands of rows at once. Default true. */
  readonly floods?: boolean;
};

/** All read models of a world. */
export const modelsOf = (world: World): AnyModel[] => [
  ...world.documents.map(({ model }) => model),
  ...world.lists.map(({ list }) => list),
];

/** A document check. The document's type is of no interest here: bytes are compared. */
export const document = (model: unknown, expected: DocumentCheck['expected']): DocumentCheck => ({ model: model as ReadModel, expected });

/** A list check. */
export const list = (model: unknown, expected: ListCheck['expected']): ListCheck => ({ list: model as ListModel, expected });
