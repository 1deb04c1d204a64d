import type { CompiledModel } from '#contracts/compiled.ts';
import { dependenciesOf, enumerateSql, everyKeyOf, keyColumns, presentSql, timedness } from './compile.ts';
import { rowsOf } from './explain/shape.ts';
import { tableScope } from './plan/expression.ts';
import type { DocumentPlan, PlanField, PlanNode } from './plan/plan.ts';
import { planOrder, planWhere } from './plan/plan-terms.ts';
import { type Casing, type ColumnInfo, columnNamed, definition, type SchemaIndex } from './schema.ts';
import { keyColumn, keyTextSql } from './sql/forms.ts';
import { lookupsOf } from './sql/lookups.ts';
import { and, columnSql, filters, fromSql, joinConditions, keyCondition, keysRelation, rootKeySql } from './sql/node-sql.ts';
import { isColumn, sortKeySql, sortTermSql } from './sql/sort-form.ts';

/** A list's config as it is at run time. */
export type RawList = {
  readonly name: string;
  readonly partitionBy?: unknown;
  readonly where?: unknown;
  readonly orderBy?: unknown;
  readonly keep?: unknown;
  readonly count?: unknown;
};

const listOptions: ReadonlySet<string> = new Set(['name', 'partitionBy', 'where', 'orderBy', 'keep', 'count']);

/** How many entries of a partition Redis holds unless the list says otherwise, and at most: refilling takes all of them at once. */
const defaultKeep = 1000;
const mostKeep = 10_000;

/**
 * A list as data. An entry's member is its sort columns and its key as order-preserving bytes, then the key's text and that
 * text's length: the same bytes are the order in Postgres, the member in Redis and the cursor of a page.
 * A row is in the list when its document exists and the list's own `where` holds.
 */
export function compileList(schema: SchemaIndex, casing: Casing | undefined, item: DocumentPlan, list: RawList): CompiledModel {
  for (const option of Object.keys(list)) {
    if (!listOptions.has(option))
      throw definition(list.name, `has the option "${option}", which is not supported. Supported are: ${[...listOptions].join(', ')}.`);
  }
  const { keep = defaultKeep, count } = list;
  if (typeof keep !== 'number' || !Number.isInteger(keep) || keep < 1 || keep > mostKeep)
    throw definition(
      `${list.name}.keep`,
      `must be a whole number from 1 to ${mostKeep}: how many entries of each partition Redis holds. Pages beyond them come from Postgres.`,
    );
  if (count !== undefined && typeof count !== 'boolean')
    throw definition(`${list.name}.count`, 'must be true or false: whether the number of entries is kept.');
  const fragments = item.fragments.filter((fragment) => fragment.path === `${item.name}.where`);
  const info = item.root.scope.info;
  // The item's filter keeps its own alias, so the list's root takes the same one.
  const scope = tableScope(info, item.root.scope.alias, casing, fragments);
  const orderBy = planOrder(scope, list.orderBy, `${list.name}.orderBy`);
  if (orderBy.length === 0) throw definition(list.name, 'needs "orderBy". Name at least one column to order by.');
  const fields: PlanField[] = [];
  const root: PlanNode = {
    path: list.name,
    scope,
    join: null,
    where: [...item.root.where, ...planWhere(scope, list.where, `${list.name}.where`)],
    fields,
    orderBy,
    limit: null,
    reads: item.root.reads ?? [],
    ...(item.root.key ? { key: item.root.key } : {}),
  };
  const { membership, column } = planPartition(schema, root, list, casing);
  // The root itself gets them: what a membership joins by is found by its parent, and must be watched.
  if (membership) fields.push({ kind: 'many', name: 'partition', node: membership });
  else if (column) fields.push({ kind: 'column', name: 'partition', column });
  const partitionNode = membership ?? root;
  const [tenant] = root.key ?? [];
  // A tenant's partition is nobody else's, whatever they share.
  const own = membership === null && column === tenant ? null : column;
  const parts = [...(tenant ? [columnSql(root, tenant)] : []), ...(own ? [columnSql(partitionNode, own)] : [])];
  const partition = parts.length > 0 ? keyTextSql(parts) : `''::text`;
  const joined = membership ? ` join ${fromSql(membership)} on ${and(joinConditions(membership))}` : '';
  const from = `${fromSql(root)}${joined}`;
  const present = column && !column.column.notNull ? [`${columnSql(partitionNode, column)} is not null`] : [];
  const member = memberSql(root);
  const where = [...filters(root), ...present];
  const distinct = membership ? 'distinct ' : '';
  return {
    name: list.name,
    kind: 'list',
    root: info.name,
    key: keyColumns(root),
    ...(root.key ? { tenanted: true } : {}),
    recompute: `select ${distinct}k.key, ${partition} as partition, ${member} as member\nfrom ${keysRelation} join ${fromSql(root)} on ${keyCondition(root, 'k.key')}${joined} where ${and(where)}`,
    enumerate: enumerateSql(root),
    ...everyKeyOf(root),
    present: presentSql(root),
    // The item's filter decides what is in the list, and may read what was declared with it.
    dependencies: [...dependenciesOf(root), ...(item.root.where.length > 0 ? item.dependsOn : [])],
    lookups: lookupsOf(root),
    fragments,
    shape: { rows: rowsOf(root), fields: [] },
    ...timedness(root),
    list: {
      item: item.name,
      partition: own ? keyColumn(own, `${list.name}.partitionBy`) : null,
      ...(tenant ? { tenant: keyColumn(tenant, list.name) } : {}),
      entries: `select ${distinct}${rootKeySql(root)} as key, ${member} as member from ${from} where ${and([`${partition} = $1::text`, ...where])}`,
      keep,
      count: count ?? false,
    },
  };
}

function planPartition(
  schema: SchemaIndex,
  root: PlanNode,
  list: RawList,
  casing: Casing | undefined,
): { membership: PlanNode | null; column: ColumnInfo | null } {
  const { partitionBy } = list;
  const path = `${list.name}.partitionBy`;
  if (partitionBy === undefined) return { membership: null, column: null };
  if (typeof partitionBy === 'string') return { membership: null, column: columnNamed(root.scope.info, partitionBy, path) };
  const [relationName, columnName]: unknown[] = Array.isArray(partitionBy) ? partitionBy : [];
  if (typeof relationName !== 'string' || typeof columnName !== 'string')
    throw definition(path, 'must be the name of a column, or [relation, column].');
  if (root.scope.info.columns.some(({ property }) => property === relationName) && !Object.hasOwn(root.scope.info.relations, relationName))
    throw definition(
      path,
      `names several columns. Partition by one: a generated column that joins them, such as text with a separator, can be one.`,
    );
  const relation = schema.relation(root.scope.info, relationName, path);
  const column = columnNamed(relation.target, columnName, path);
  const scope = tableScope(relation.target, 'membership', casing, []);
  const node: PlanNode = {
    path: `${list.name}.${relationName}`,
    scope,
    join: { parent: root, pairs: relation.join },
    where: [],
    fields: [{ kind: 'column', name: column.property, column }],
    orderBy: [],
    limit: null,
  };
  return { membership: node, column };
}

function memberSql(root: PlanNode): string {
  const primary = root.scope.info.primaryKey;
  const terms = root.orderBy.map((term, index) => sortTermSql(term, `${root.path}.orderBy[${index}]`));
  // A key column that an expression only reads is still needed to end the order.
  const sorted = new Set(root.orderBy.flatMap((term) => (isColumn(term.sql) ? term.columns : [])));
  const rest = primary.filter((column) => !sorted.has(column)).map((column) => sortKeySql(column, columnSql(root, column)));
  const key = `convert_to(${rootKeySql(root)}, 'UTF8')`;
  return `${[...terms, ...rest].join(' || ')} || ${key} || int2send(octet_length(${key})::smallint)`;
}
