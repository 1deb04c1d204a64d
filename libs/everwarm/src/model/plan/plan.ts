import type { Dependency, Fragment } from '#contracts/compiled.ts';
import type { ColumnInfo, JoinPair } from '#model/schema.ts';
import type { Expression, TableScope } from './expression.ts';

/** One sort term of a query: SQL of the value, and how it sorts. */
export type OrderTerm = Expression & { readonly descending: boolean; readonly nullsFirst: boolean };

/** How a node's rows are found from its parent's row. */
export type NodeJoin = { readonly parent: PlanNode; readonly pairs: readonly JoinPair[] };

/** One appearance of a table in a read model, with what it takes from it. The tree of these is the whole query. */
export type PlanNode = {
  readonly path: string;
  readonly scope: TableScope;
  /** Null for the root. */
  readonly join: NodeJoin | null;
  readonly where: readonly Expression[];
  readonly fields: readonly PlanField[];
  readonly orderBy: readonly OrderTerm[];
  readonly limit: number | null;
  /** What its expressions read through relations: watched, never put out. */
  readonly reads?: readonly PlanNode[];
  /** What a document's key is made of, for a root whose documents have tenants: with the primary key, the tenant before it. */
  readonly key?: readonly ColumnInfo[];
};

/** One property of a document, in the order in which it is written. */
export type PlanField =
  | { readonly kind: 'column'; readonly name: string; readonly column: ColumnInfo }
  | { readonly kind: 'extra'; readonly name: string; readonly expression: Expression }
  | { readonly kind: 'one' | 'many'; readonly name: string; readonly node: PlanNode }
  | { readonly kind: 'through'; readonly name: string; readonly via: PlanNode; readonly node: PlanNode }
  | { readonly kind: 'aggregate'; readonly name: string; readonly aggregate: AggregatePlan };

/** An aggregate over the rows of one relation. */
export type AggregatePlan = {
  readonly function: 'count' | 'sum' | 'avg' | 'min' | 'max';
  readonly node: PlanNode;
  /** Null for `count`. */
  readonly column: ColumnInfo | null;
};

/** A document model's whole plan. */
export type DocumentPlan = {
  readonly name: string;
  readonly root: PlanNode;
  readonly fragments: readonly Fragment[];
  /** What the query does not show, and the user declared. */
  readonly dependsOn: readonly Dependency[];
};

/** The columns that a document's key is made of. */
export function rootKey(root: PlanNode): readonly ColumnInfo[] {
  return root.key ?? root.scope.info.primaryKey;
}

/** Every expression that one node evaluates over its rows. */
export function expressionsOf(node: PlanNode): Expression[] {
  return [...node.where, ...node.orderBy, ...node.fields.flatMap((field) => (field.kind === 'extra' ? [field.expression] : []))];
}

/** Every node below and including this one, parents first; join tables, aggregates and what raw SQL reads too. */
export function* nodesOf(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const read of node.reads ?? []) yield* nodesOf(read);
  for (const field of node.fields) {
    if (field.kind === 'through') yield field.via;
    if (field.kind === 'aggregate') yield* nodesOf(field.aggregate.node);
    if (field.kind === 'one' || field.kind === 'many' || field.kind === 'through') yield* nodesOf(field.node);
  }
}
