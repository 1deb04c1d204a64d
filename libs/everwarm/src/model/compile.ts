import { createHash } from 'node:crypto';
import type { CompiledModel, Dependency, KeyColumn } from '#contracts/compiled.ts';
import { shapeOf } from './explain/shape.ts';
import { aggregatesOf } from './plan/keep-aggregates.ts';
import { type DocumentPlan, nodesOf, type PlanNode, rootKey } from './plan/plan.ts';
import type { ColumnInfo } from './schema.ts';
import { castText, keyColumn } from './sql/forms.ts';
import { lookupsOf } from './sql/lookups.ts';
import { momentsSql, steadyFilters } from './sql/moments-sql.ts';
import { and, columnSql, fromSql, keyCondition, keysRelation, rootKeySql } from './sql/node-sql.ts';
import { recomputeSql } from './sql/recompute-sql.ts';
import { dependencyOf } from './sql/way-back.ts';

/** A document model as data. */
export function compileDocument(plan: DocumentPlan): CompiledModel {
  return {
    name: plan.name,
    kind: 'document',
    root: plan.root.scope.info.name,
    key: keyColumns(plan.root),
    ...(plan.root.key ? { tenanted: true } : {}),
    recompute: recomputeSql(plan.root, 'kept'),
    ...aggregation(plan.root),
    enumerate: enumerateSql(plan.root),
    ...everyKeyOf(plan.root),
    present: presentSql(plan.root),
    dependencies: [...dependenciesOf(plan.root), ...plan.dependsOn],
    fragments: plan.fragments,
    shape: shapeOf(plan.root),
    lookups: lookupsOf(plan.root),
    ...timedness(plan.root),
  };
}

/** What is stored of a plan that looks at the time. */
export function timedness(root: PlanNode): Pick<CompiledModel, 'moments'> {
  const moments = momentsSql(root);
  return moments === undefined ? {} : { moments };
}

/** What is stored of a plan's aggregates. */
function aggregation(root: PlanNode): Pick<CompiledModel, 'aggregates' | 'fromSources'> {
  const aggregates = aggregatesOf(root);
  if (aggregates.length === 0) return {};
  return aggregates.some(({ kept }) => kept === 'deltas') ? { aggregates, fromSources: recomputeSql(root, 'sources') } : { aggregates };
}

/** What decides whether two definitions are the same: everything that is stored of them but what follows from it, advice and words for people. */
export function definitionHash(model: CompiledModel): string {
  return createHash('sha256')
    .update(JSON.stringify({ ...model, everyKey: undefined, lookups: undefined, shape: undefined, lifecycle: undefined }, sorted))
    .digest('hex')
    .slice(0, 32);
}

/** The order of an object's properties means nothing, and jsonb, in which definitions are stored, has one of its own. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The key columns of a root: its tenant's, if it has one, then those of the primary key in their order. Throws E_DEFINITION for a column type that cannot be a key. */
export function keyColumns(root: PlanNode): KeyColumn[] {
  return rootKey(root).map((column) => keyColumn(column, root.path));
}

/** The statement that walks all keys of a root in primary key order, from a position on: also of rows whose time has not come, since somebody must wait for them. */
export function enumerateSql(root: PlanNode, conditions: readonly string[] = steadyFilters(root)): string {
  const primary = root.scope.info.primaryKey;
  const columns = primary.map((column) => columnSql(root, column));
  const after = primary.map((column, index) => castText(column, `($1::text[])[${index + 1}]`));
  const beyond = `($1::text[] is null or (${columns.join(', ')}) > (${after.join(', ')}))`;
  return `select ${rootKeySql(root)} as key, array[${columns.map((column) => `${column}::text`).join(', ')}] as position
from ${fromSql(root)} where ${and([beyond, ...conditions])} order by ${columns.join(', ')} limit $2::integer`;
}

/** What is stored of a root whose walk looks at more than its keys. */
export function everyKeyOf(root: PlanNode): Pick<CompiledModel, 'everyKey'> {
  return steadyFilters(root).length === 0 ? {} : { everyKey: enumerateSql(root, []) };
}

/** The statement that tells which keys the walk over all of them would find. */
export function presentSql(root: PlanNode): string {
  return `select k.key from ${keysRelation} join ${fromSql(root)} on ${and([keyCondition(root, 'k.key'), ...steadyFilters(root)])}`;
}

/** What a whole plan depends on: one dependency per appearance of a table. */
export function dependenciesOf(root: PlanNode): Dependency[] {
  const extra = new Map<PlanNode, ColumnInfo[]>();
  const note = (node: PlanNode, columns: readonly ColumnInfo[]) => extra.set(node, [...(extra.get(node) ?? []), ...columns]);
  for (const node of nodesOf(root)) {
    // A list's root is made of its item's: whoever has no parent is the root, whichever of the two objects a child names.
    if (node.join)
      note(
        node.join.parent.join === null ? root : node.join.parent,
        node.join.pairs.map((pair) => pair.parent),
      );
    for (const field of node.fields)
      if (field.kind === 'aggregate' && field.aggregate.column) note(field.aggregate.node, [field.aggregate.column]);
  }
  return [...nodesOf(root)].map((node) => dependencyOf(node, extra.get(node) ?? []));
}
