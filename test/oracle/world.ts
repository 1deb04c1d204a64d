import type { AnyModel, EverwarmConfig, ListModel, ReadModel } from 'everwarm';
import type { Rows } from './naive.ts';
import type { OwnPools } from './random-values.ts';

/** A document model and what its documents must be: key text to JSON text. */
export type DocumentCheck = { readonly model: ReadModel; readonly expected: (rows: Rows) => ReadonlyMap<string, string> };

/** A list and what it must be: partition text to the texts of item keys, in order. */
export type ListCheck = { readonly list: ListModel; readonly expected: (rows: Rows) => ReadonlyMap<string, readonly string[]> };

/** What one release of a program's code declares, and independent expectations of each. */
export type Release = { readonly documents: readonly DocumentCheck[]; readonly lists: readonly ListCheck[] };

/** A schema that is not the blog's, and the read models over it. */
export type World = Release & {
  readonly name: string;
  /** Creates the tables in an empty database. */
  readonly ddl: string;
  readonly casing?: NonNullable<EverwarmConfig['casing']>;
  /** What a later release declares under the same names; histories may bring it, and go back. */
  readonly later?: Release;
  /** What no table holds, by read model: a history changes these numbers, and touches the documents. */
  readonly facts?: Map<string, number>;
  /** Whether some read models are inline in some release. */
  readonly inline?: boolean;
  /** Whether the moments of some rows come while histories are played. */
  readonly moments?: boolean;
  /** Read models whose documents are evicted now and then. */
  readonly evicted?: readonly string[];
  readonly own: OwnPools;
  /** Whether histories may bring thousands of rows at once. Default true. */
  readonly floods?: boolean;
};

/** All read models of a release. */
export const modelsOf = ({ documents, lists }: Release): AnyModel[] => [
  ...documents.map(({ model }) => model),
  ...lists.map((each) => each.list),
];

/** A document check. The document's type is of no interest here: bytes are compared. */
export const document = (model: unknown, expected: DocumentCheck['expected']): DocumentCheck => ({ model: model as ReadModel, expected });

/** A list check. */
export const list = (model: unknown, expected: ListCheck['expected']): ListCheck => ({ list: model as ListModel, expected });
