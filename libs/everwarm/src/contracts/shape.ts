/** The rows that one place of a definition takes: words for people, never executed. Expressions are over the table's own columns. */
export type ShapeRows = {
  readonly table: string;
  /** How they are found from the rows around them; empty for the root. */
  readonly join: readonly string[];
  readonly where: readonly string[];
  readonly orderBy: readonly string[];
  readonly limit: number | null;
};

/** One property of a document: what it is made of and what a reader of the JSON sees. */
export type ShapeField = {
  readonly name: string;
  /** `column`, `extra`, `one`, `many`, `through`, or an aggregate as `count` or `sum of value`. */
  readonly kind: string;
  /** The JSON form: `number`, `text`, `object`, `text (ISO 8601, milliseconds, Z)` … */
  readonly json: string;
  /** The column's type in the database, or the SQL of an extra. */
  readonly sql?: string;
  readonly nullable: boolean;
  /** The rows behind a relation or an aggregate. */
  readonly rows?: ShapeRows;
  /** The properties of an object, or of the objects in an array. */
  readonly fields?: readonly ShapeField[];
};

/** What a definition gives, in words: derived from the same plan as the SQL, beside it, and no part of what makes definitions equal. */
export type Shape = { readonly rows: ShapeRows; readonly fields: readonly ShapeField[] };
