import type { TableRelationalConfig } from 'drizzle-orm';

declare const embeds: unique symbol;

/** What the type of a read model says of the rows that have a document: all, those of its `where`, or that code of its own made it. */
export type Rows = 'all' | 'some' | 'transformed';

/** What the types need of a document model that stands inside another. The phantom carries its document, its table and its rows. */
export interface Embeddable<Doc = unknown, T extends TableRelationalConfig = TableRelationalConfig, R extends Rows = Rows> {
  readonly kind: 'document';
  readonly [embeds]?: { readonly doc: Doc; readonly table: T; readonly rows: R };
}

/** A model over this table that may be embedded: itself, or by a function where it is declared further down. */
export type ModelOver<T extends TableRelationalConfig> =
  | Embeddable<unknown, T, 'all' | 'some'>
  | (() => Embeddable<unknown, T, 'all' | 'some'>);

/** The model that a declaration names at a relation; the declaration itself where it names none. */
type ModelAt<W> = W extends { readonly model: infer M } ? ModelAt<M> : W extends () => infer M ? M : W;

/** What a nested declaration gives: an embedded model's document, null among them where its `where` may leave the row out, else `Otherwise`. */
export type DocumentAt<W, Otherwise, Absent = null> =
  ModelAt<W> extends Embeddable<infer Doc, TableRelationalConfig, infer R> ? Doc | (R extends 'some' ? Absent : never) : Otherwise;
