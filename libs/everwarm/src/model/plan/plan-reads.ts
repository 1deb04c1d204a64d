import type { ColumnInfo } from '#model/schema.ts';
import { entries, knownOption, object } from './declared.ts';
import type { PlanField, PlanNode } from './plan.ts';
import { columnsNamed } from './plan-fields.ts';
import { openScope, type Planning } from './planning.ts';
import type { ReadableTable } from './readable.ts';

const options: ReadonlySet<string> = new Set(['columns', 'with']);

/**
 * What raw SQL of a node reads through relations, as nodes of their own: they have their ways back and watched columns like
 * any nested node, and nothing of them is put out. Their tables are added to `readable`, so that the node's expressions may
 * name them; a column that an expression names is watched whether `columns` lists it or not.
 */
export function planReads(
  planning: Planning,
  parent: PlanNode,
  declared: unknown,
  readable: ReadableTable[],
  path = `${parent.path}.reads`,
): PlanNode[] {
  return entries(declared, path).flatMap(([name, nested]) => {
    if (nested === undefined || nested === false) return [];
    const place = `${path}.${name}`;
    const query = nested === true ? {} : object(nested, place);
    for (const option of Object.keys(query)) knownOption(option, options, place);
    const { target, join: pairs } = planning.schema.relation(parent.scope.info, name, place);
    const fields: PlanField[] = [];
    const reads: PlanNode[] = [];
    const node: PlanNode = {
      path: place,
      scope: openScope(planning, target),
      join: { parent, pairs },
      where: [],
      fields,
      orderBy: [],
      limit: null,
      reads,
    };
    const watch = (column: ColumnInfo) => void fields.push({ kind: 'column', name: column.property, column });
    if (query['columns'] !== undefined) columnsNamed(target, query['columns'], place).forEach(watch);
    readable.push({ info: target, watch });
    reads.push(...planReads(planning, node, query['with'], readable, place));
    return [node];
  });
}
