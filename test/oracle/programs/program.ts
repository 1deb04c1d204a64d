import type { Lifecycle } from 'everwarm';
import type { Step } from '../random-transactions.ts';

/*
 * A program of the oracle as plain data: tables, read models over them and a history of writes. What a seed makes can so be
 * printed, made smaller piece by piece, kept in a file and played again. Names refer to names: what is left out of one list
 * simply takes along what refers to it.
 */

/** A column. `name` is null where Drizzle derives it from the property. */
export type ColumnSpec = {
  readonly property: string;
  readonly name: string | null;
  /** One of `kinds`. */
  readonly kind: string;
  readonly nullable: boolean;
  /** Computed by Postgres from this other column, which makes it one that nobody writes. */
  readonly generatedFrom?: string;
  /** Computed whenever it is read, and stored nowhere. */
  readonly virtual?: boolean;
};

/** A table. Columns are referred to by their properties. */
export type TableSpec = {
  /** The property of the Drizzle schema. */
  readonly property: string;
  /** Null for `public`. */
  readonly schema: string | null;
  readonly name: string;
  readonly columns: readonly ColumnSpec[];
  readonly key: readonly string[];
  /** Into how many partitions, by the hash of the key; a plain table where left out. */
  readonly partitions?: number;
};

/** What Postgres does to rows whose parent goes or changes its key. */
export type Constraint = {
  readonly onDelete: 'cascade' | 'set null' | 'restrict' | 'no action';
  readonly onUpdate: 'cascade' | 'no action';
  readonly deferrable: boolean;
};

/** A foreign key, with or without a constraint, and the relations that stand for it. */
export type ReferenceSpec = {
  readonly from: string;
  readonly columns: readonly string[];
  readonly to: string;
  readonly references: readonly string[];
  readonly constraint: Constraint | null;
  /** The name of the relation from the row that refers. */
  readonly one: string;
  /** The name of the relation from the row referred to. */
  readonly back: string;
  /** Whether the way back leads to one row: a one-to-one. */
  readonly single: boolean;
};

/** The schema. */
export type SchemaSpec = {
  readonly casing: 'snake_case' | 'camelCase' | null;
  readonly tables: readonly TableSpec[];
  readonly references: readonly ReferenceSpec[];
};

/** A condition on one row. Texts are values as Postgres reads them. */
export type Condition =
  | { readonly is: 'compare'; readonly column: string; readonly by: '=' | '<>' | '<' | '<=' | '>' | '>='; readonly text: string }
  | { readonly is: 'in'; readonly column: string; readonly texts: readonly string[] }
  | { readonly is: 'not in'; readonly column: string; readonly texts: readonly string[] }
  | { readonly is: 'null'; readonly column: string }
  | { readonly is: 'not null'; readonly column: string }
  /** Whether the moment in a column is over. */
  | { readonly is: 'over'; readonly column: string }
  | { readonly is: 'and'; readonly of: readonly Condition[] }
  | { readonly is: 'or'; readonly of: readonly Condition[] }
  | { readonly is: 'not'; readonly of: Condition };

/** One term of an order. */
export type OrderSpec = { readonly column: string; readonly descending: boolean; readonly nulls?: 'first' | 'last' };

/** An aggregate. */
export type AggregateSpec = {
  readonly name: string;
  readonly function: 'count' | 'sum' | 'avg' | 'min' | 'max';
  readonly relation: string;
  readonly column: string | null;
  readonly where: Condition | null;
};

/** An expression: a text made longer, or rows of a relation counted by SQL written out. */
export type ExtraSpec = { readonly name: string } & ({ readonly column: string } | { readonly counted: string });

/** What stands at a relation: a query of its own, or a read model, and then `node` is only what is said around it. */
export type WithSpec = { readonly relation: string; readonly node: NodeSpec; readonly model?: string };

/** One level of a read model. */
export type NodeSpec = {
  /** The columns taken, or left out; null for all. */
  readonly columns: { readonly take: boolean; readonly names: readonly string[] } | null;
  readonly extras: readonly ExtraSpec[];
  readonly with: readonly WithSpec[];
  readonly through: readonly {
    readonly name: string;
    readonly via: string;
    readonly to: string;
    readonly joinWhere: Condition | null;
    readonly node: NodeSpec;
  }[];
  readonly aggregates: readonly AggregateSpec[];
  readonly where: Condition | null;
  readonly orderBy: readonly OrderSpec[];
  readonly limit: number | null;
};

/** A read model. */
export type ModelSpec = {
  readonly name: string;
  readonly root: string;
  readonly node: NodeSpec;
  /** Whether code of its own goes over its documents. */
  readonly transformed?: boolean;
  /** Whether that code says something that no table holds. */
  readonly outside?: boolean;
  /** Whether it is declared as SQL written by hand. */
  readonly written?: boolean;
  /** When its documents are written; by workers where nothing is said. */
  readonly lifecycle?: Lifecycle | null;
};

/** What no table holds: a number for each read model. Steps change it, and say so. */
export type Facts = Map<string, number>;

/** The code that goes over the documents of a read model, null for none. */
export function transformOf({ name, transformed, outside }: ModelSpec, facts: Facts): ((document: object) => object) | null {
  if (!transformed && !outside) return null;
  return (document) => ({
    ...document,
    ...(transformed && { 'how many': Object.keys(document).length }),
    ...(outside && { outside: facts.get(name) ?? 0 }),
  });
}

/** A list. */
export type ListSpec = {
  readonly name: string;
  readonly item: string;
  /** A column, or a relation and a column of its table. */
  readonly partitionBy: string | readonly [relation: string, column: string] | null;
  readonly where: Condition | null;
  readonly orderBy: readonly OrderSpec[];
  /** How many entries of a partition Redis holds. */
  readonly keep?: number;
  readonly count?: boolean;
  readonly lifecycle?: 'inline' | null;
};

/** What is declared. */
export type Declarations = {
  readonly schema: SchemaSpec;
  readonly models: readonly ModelSpec[];
  readonly lists: readonly ListSpec[];
  /** The same read models as a later release declares them. */
  readonly later?: readonly ModelSpec[];
  /** Whether rows are written whose moment comes while the program is played. */
  readonly moments?: boolean;
  /** Whether documents are evicted while it is played. */
  readonly evictions?: boolean;
};

/** All of it. */
export type Program = Declarations & { readonly seed: number; readonly history: readonly Step[] };

/** The table of that name. @throws when the program has none */
export function tableOf(schema: SchemaSpec, property: string): TableSpec {
  const table = schema.tables.find((candidate) => candidate.property === property);
  if (!table) throw new Error(`The program has no table "${property}".`);
  return table;
}

/** The column of that name. @throws when the table has none */
export function columnOf(table: TableSpec, property: string): ColumnSpec {
  const column = table.columns.find((candidate) => candidate.property === property);
  if (!column) throw new Error(`The table "${table.property}" of the program has no column "${property}".`);
  return column;
}

/** A relation as one of its two tables sees it. */
export type RelationSpec = {
  readonly name: string;
  readonly kind: 'one' | 'many';
  readonly to: string;
  readonly columns: readonly string[];
  readonly references: readonly string[];
};

/** The relations of a table. */
export function relationsOf({ references }: SchemaSpec, table: string): RelationSpec[] {
  return references.flatMap((reference): RelationSpec[] => {
    const forth = {
      name: reference.one,
      kind: 'one',
      to: reference.to,
      columns: reference.columns,
      references: reference.references,
    } as const;
    const kind = reference.single ? 'one' : 'many';
    const back = { name: reference.back, kind, to: reference.from, columns: reference.references, references: reference.columns } as const;
    return [...(reference.from === table ? [forth] : []), ...(reference.to === table ? [back] : [])];
  });
}

/** The relation of that name. @throws when the table has none */
export function relationOf(schema: SchemaSpec, table: string, name: string): RelationSpec {
  const relation = relationsOf(schema, table).find((candidate) => candidate.name === name);
  if (!relation) throw new Error(`The table "${table}" of the program has no relation "${name}".`);
  return relation;
}
