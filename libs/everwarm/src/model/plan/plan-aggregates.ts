import { columnNamed, definition } from '#model/schema.ts';
import { entries, knownOption } from './declared.ts';
import { type Expression, tableScope } from './expression.ts';
import { aggregatedRow } from './keep-aggregates.ts';
import type { AggregatePlan, PlanField, PlanNode } from './plan.ts';
import { planReads } from './plan-reads.ts';
import { planWhere } from './plan-terms.ts';
import { many, openScope, type Planning } from './planning.ts';

const aggregateOptions: ReadonlySet<string> = new Set(['where', 'reads']);

const numeric = new Set([
  'PgSmallInt',
  'PgSmallSerial',
  'PgInteger',
  'PgSerial',
  'PgBigInt53',
  'PgBigSerial53',
  'PgBigInt64',
  'PgBigSerial64',
  'PgNumeric',
  'PgNumericNumber',
  'PgNumericBigInt',
]);
const ordered = new Set([...numeric, 'PgText', 'PgVarchar', 'PgDate', 'PgDateString', 'PgTimestamp', 'PgTimestampString', 'PgTime']);

/** The aggregates of a node. */
export function planAggregates(planning: Planning, parent: PlanNode, build: unknown): PlanField[] {
  if (build === undefined) return [];
  if (typeof build !== 'function')
    throw definition(`${parent.path}.aggregates`, 'must be a function of the aggregate builder, such as (a) => ({ total: a.count(…) }).');
  const make =
    (kind: AggregatePlan['function']) =>
    (relation: string, ...rest: unknown[]) => ({
      everwarmAggregate: kind,
      relation,
      column: kind === 'count' ? undefined : rest[0],
      where: (kind === 'count' ? rest[0] : rest[1]) as { where?: unknown; reads?: unknown } | undefined,
    });
  const built: unknown = build({ count: make('count'), sum: make('sum'), avg: make('avg'), min: make('min'), max: make('max') });
  return entries(built, `${parent.path}.aggregates`).map(([name, value]) => {
    const path = `${parent.path}.${name}`;
    const spec = value as ReturnType<ReturnType<typeof make>>;
    if (typeof spec !== 'object' || spec === null || !('everwarmAggregate' in spec))
      throw definition(path, 'is not an aggregate of the builder. Use a.count, a.sum, a.avg, a.min or a.max.');
    const relation = many(planning.schema.relation(parent.scope.info, spec.relation, path), path);
    for (const option of Object.keys(spec.where ?? {})) knownOption(option, aggregateOptions, path);
    // With other tables in its condition it is never kept, so it needs no alias that is the same everywhere.
    const scope =
      spec.where?.reads === undefined
        ? tableScope(relation.target, aggregatedRow, planning.casing, planning.fragments)
        : openScope(planning, relation.target);
    const where: Expression[] = [];
    const reads: PlanNode[] = [];
    const node: PlanNode = { path, scope, join: { parent, pairs: relation.join }, where, fields: [], orderBy: [], limit: null, reads };
    reads.push(...planReads(planning, node, spec.where?.reads, scope.readable));
    where.push(...planWhere(scope, spec.where?.where, `${path}.where`));
    const kind = spec.everwarmAggregate;
    const column = kind === 'count' ? null : columnNamed(relation.target, String(spec.column), path);
    const allowed = kind === 'sum' || kind === 'avg' ? numeric : ordered;
    if (column && !allowed.has(column.column.columnType))
      throw definition(
        path,
        `takes ${kind} of "${column.property}" of type ${column.column.getSQLType()}, which is not supported. Use a column of integers or numerics${allowed === ordered ? ', texts, dates or times' : ''}.`,
      );
    return { kind: 'aggregate', name, aggregate: { function: kind, node, column } };
  });
}
