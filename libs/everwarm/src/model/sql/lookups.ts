import type { Lookup } from '#contracts/compiled.ts';
import { nodesOf, type OrderTerm, type PlanNode } from '#model/plan/plan.ts';
import type { ColumnInfo } from '#model/schema.ts';
import { columnSql } from './node-sql.ts';
import { reachesRootKey } from './way-back.ts';

/**
 * How the statements of a plan find rows: each node's from its parent's row, in order where only the first so many are taken, and
 * parents from a changed row on the way back. What has no index for it reads whole tables, or all rows of one parent.
 */
export function lookupsOf(root: PlanNode): Lookup[] {
  const found = new Map<string, Lookup>();
  const add = (node: PlanNode, path: string, equal: readonly ColumnInfo[], order: Lookup['order']) => {
    const lookup = { path, table: node.scope.info.name, equal: [...new Set(equal.map(({ name }) => name))], order };
    const id = JSON.stringify([lookup.table, lookup.equal.toSorted(), order]);
    if (!found.has(id)) found.set(id, lookup);
  };
  for (const node of nodesOf(root)) {
    const { join, path, scope } = node;
    add(node, path, join === null ? scope.info.primaryKey : join.pairs.map((pair) => pair.child), node.limit === null ? [] : leading(node));
    for (const field of node.fields)
      if (field.kind === 'aggregate') {
        const { function: kind, column, node: rows } = field.aggregate;
        if (column !== null && rows.join !== null && (kind === 'min' || kind === 'max'))
          add(
            rows,
            rows.path,
            rows.join.pairs.map((pair) => pair.child),
            [{ column: column.name, descending: kind === 'max', nullsFirst: kind === 'max' }],
          );
      }
    if (join !== null && !reachesRootKey(node))
      add(
        join.parent,
        path,
        join.pairs.map((pair) => pair.parent),
        [],
      );
  }
  return [...found.values()];
}

/** The sort terms that are plain columns, up to the first that is not: as far as an index can follow. */
function leading(node: PlanNode): Lookup['order'] {
  const end = node.orderBy.findIndex((term) => plainColumn(node, term) === undefined);
  return (end < 0 ? node.orderBy : node.orderBy.slice(0, end)).map((term) => ({
    column: plainColumn(node, term)?.name ?? '',
    descending: term.descending,
    nullsFirst: term.nullsFirst,
  }));
}

function plainColumn(node: PlanNode, { sql, columns }: OrderTerm): ColumnInfo | undefined {
  return columns.find((column) => columns.length === 1 && sql.replaceAll('"', '') === columnSql(node, column).replaceAll('"', ''));
}
