import { createHash } from 'node:crypto';
import type { KeptAggregate, ModelAggregate, SummedColumn } from '#contracts/aggregates.ts';
import type { KeyType } from '#contracts/key.ts';
import type { ColumnInfo, JoinPair } from '#model/schema.ts';
import { keyType } from '#model/sql/forms.ts';
import { type AggregatePlan, nodesOf, type PlanNode } from './plan.ts';

/** The alias of an aggregate's table in every statement, so that equal conditions are equal texts. */
export const aggregatedRow = 'r';

const integers = /^Pg(SmallInt|SmallSerial|Integer|Serial|BigInt53|BigInt64|BigSerial53|BigSerial64)$/;

/** Types of which no setting of a session changes how a literal beside them is read. */
const steadyTypes =
  /^Pg(SmallInt|SmallSerial|Integer|Serial|BigInt53|BigInt64|BigSerial53|BigSerial64|Numeric|NumericNumber|NumericBigInt|Text|Varchar|UUID|Boolean|EnumColumn|EnumObjectColumn)$/;

/** Keys of these types have one text on both sides of a join that equates them. */
const family: Readonly<Record<KeyType, string>> = {
  integer: 'integer',
  bigint: 'integer',
  uuid: 'uuid',
  text: 'text',
  char: 'bpchar',
  date: 'date',
};

/** Decides for each aggregate of a plan how it is computed. */
export function aggregatesOf(root: PlanNode): ModelAggregate[] {
  return [...nodesOf(root)].flatMap((node) =>
    node.fields.flatMap((field) => (field.kind === 'aggregate' ? [describe(field.aggregate)] : [])),
  );
}

function describe(plan: AggregatePlan): ModelAggregate {
  const decided = keep(plan);
  const about = { path: plan.node.path, function: plan.function };
  return typeof decided === 'string' ? { ...about, kept: 'reread', why: decided } : { ...about, kept: 'deltas', aggregate: decided };
}

/**
 * What is stored of an aggregate that can be kept by deltas, or why it cannot. What is kept must come out in the very bytes that
 * reading the rows again would give, from nothing but sums that a change of a row adds to and takes from.
 */
export function keep({ function: kind, node, column }: AggregatePlan): KeptAggregate | string {
  if (kind === 'min' || kind === 'max') return `${kind} is not a sum: it reads one row, through an index`;
  if (node.where.some((condition) => condition.timed !== null)) return 'its condition looks at the time, which no change announces';
  if (node.scope.readable.length > 0) return 'its condition reads other tables';
  const value = column === null ? null : summed(column);
  if (value === 'unfit')
    return `"${column?.property}" is a numeric without a declared scale: how many digits a sum shows would depend on rows that are gone`;
  const pairs = joinPairs(node);
  if (pairs.some(({ parent, child }) => family[keyType(parent, node.path)] !== family[keyType(child, node.path)]))
    return 'it is joined by columns of different types, whose texts could differ where the values are equal';
  const columns = new Set([
    ...pairs.map((pair) => pair.child),
    ...node.where.flatMap((condition) => condition.columns),
    ...(column ? [column] : []),
  ]);
  const definition = {
    table: node.scope.info.name,
    link: pairs.map((pair) => pair.child.name),
    where: node.where.length === 0 ? null : node.where.map((condition) => `(${condition.sql})`).join(' and '),
    value,
    columns: [...columns].map((one) => one.name).sort(),
    isSteady: node.where.every((condition) => condition.columns.every(({ column: read }) => steadyTypes.test(read.columnType))),
  };
  return { id: digest(definition), ...definition };
}

/** The pairs that join an aggregate's rows to their parent, in one order however the relation names them. */
export function joinPairs(node: PlanNode): readonly JoinPair[] {
  return (node.join?.pairs ?? []).toSorted((a, b) => (a.child.name < b.child.name ? -1 : 1));
}

function summed({ name, column }: ColumnInfo): SummedColumn | 'unfit' {
  if (integers.test(column.columnType)) return { name, scale: 0 };
  const precision: unknown = Reflect.get(column, 'precision');
  const scale: unknown = Reflect.get(column, 'scale');
  if (typeof precision !== 'number') return 'unfit';
  return { name, scale: typeof scale === 'number' ? scale : 0 };
}

function digest(definition: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify(definition)).digest();
  return String(hash.readBigUInt64BE() >> 1n);
}
