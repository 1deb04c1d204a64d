import { type KeptAggregate, keptAggregates } from '#contracts/aggregates.ts';
import type { CompiledModel, TableName } from '#contracts/compiled.ts';

/** What the capture of one table must record for all live models together. */
export type Watch = {
  readonly table: TableName;
  readonly links: readonly string[];
  readonly columns: readonly string[];
  /** What is kept of its rows by deltas. */
  readonly aggregates?: readonly KeptAggregate[];
};

/** The union of what these models watch, one entry per table; names sorted, so that equal needs give equal sources. */
export function watchList(models: readonly CompiledModel[]): Watch[] {
  const tables = new Map<string, { table: TableName; links: Set<string>; columns: Set<string> }>();
  for (const dependency of models.flatMap((model) => model.dependencies)) {
    const id = JSON.stringify([dependency.table.schema, dependency.table.name]);
    const watch = tables.get(id) ?? { table: dependency.table, links: new Set(), columns: new Set() };
    for (const column of dependency.link) watch.links.add(column);
    for (const column of dependency.columns) watch.columns.add(column);
    tables.set(id, watch);
  }
  const kept = keptAggregates(models);
  return [...tables.values()].map(({ table, links, columns }) => ({
    table,
    links: [...links].sort(),
    columns: [...columns].sort(),
    aggregates: kept.filter((aggregate) => aggregate.table.schema === table.schema && aggregate.table.name === table.name),
  }));
}
