import { sql } from 'drizzle-orm';
import { defineList, defineReadModel } from 'everwarm';
import { forest } from './forest-schema.ts';

/** A tree two levels up and two down, and neighbours both ways through a join table to itself. */
export const nodeDocument = defineReadModel(forest, 'node', {
  name: 'node_document',
  where: (n, { or, isNull, ne }) => or(isNull(n.title), ne(n.title, 'null')),
  with: {
    parent: { columns: { id: true, title: true }, with: { parent: { columns: { title: true, updatedAt: true } } } },
    children: {
      orderBy: (n, { asc, desc }) => [asc(n.place), desc(n.id)],
      limit: 5,
      columns: { id: true, title: true },
      extras: (n) => ({ half: sql<number>`${n.place} / ${2}`.as('half'), old: sql<boolean>`${n.createdAt} < ${'1970-01-01'}`.as('old') }),
      with: {
        children: {
          columns: { title: true, place: true },
          where: (n, { eq }) => eq(n.isDone, true),
          orderBy: (n, { asc }) => asc(n.createdAt),
        },
      },
      aggregates: (a) => ({ grandchildren: a.count('children') }),
    },
    note: { columns: { note: true } },
  },
  through: {
    neighbours: { via: 'linksFrom', to: 'target', columns: { id: true, title: true }, limit: 3 },
    backers: {
      via: 'linksTo',
      to: 'source',
      joinWhere: (j, { isNotNull }) => isNotNull(j.bond),
      where: (n, { gte }) => gte(n.place, -1),
      orderBy: (n, { desc }) => desc(n.updatedAt),
      columns: { id: true },
      with: { note: true },
    },
  },
  aggregates: (a) => ({
    childCount: a.count('children', { where: (n, { inArray }) => inArray(n.kind, ['Branch', "leaf's"]) }),
    meanPlace: a.avg('children', 'place'),
    firstChild: a.min('children', 'createdAt'),
    lastUpdate: a.max('children', 'updatedAt'),
    bonds: a.sum('linksFrom', 'bond'),
    weakest: a.min('linksFrom', 'bond'),
  }),
});

/** A key that is a date. */
export const dayDocument = defineReadModel(forest, 'diaryDay', {
  name: 'day_document',
  with: {
    entries: {
      orderBy: (e, { desc }) => [desc(e.minutes), desc(e.startsAt)],
      with: { node: { columns: { title: true, kind: true }, with: { parent: { columns: { title: true } } } } },
    },
  },
  aggregates: (a) => ({
    minutes: a.sum('entries', 'minutes'),
    mean: a.avg('entries', 'minutes'),
    earliest: a.min('entries', 'startsAt'),
    lastSeq: a.max('entries', 'seq'),
  }),
});

/** A composite key of a date and a smallint. */
export const entryDocument = defineReadModel(forest, 'diaryEntry', {
  name: 'entry_document',
  columns: { day: true, seq: true, spent: true },
  with: { inDay: { columns: { weather: true } }, node: { columns: { title: true }, with: { note: true } } },
});

/** A key that is an enum. */
export const kindDocument = defineReadModel(forest, 'kindNote', {
  name: 'kind_document',
  with: { nodes: { columns: { id: true, title: true }, with: { entries: { columns: { minutes: true } } } } },
});

/** A nullable integer partition. */
export const nodesByParent = defineList(nodeDocument, {
  name: 'nodes_by_parent',
  partitionBy: 'parentId',
  orderBy: (n, { asc, desc }) => [asc(n.place), desc(n.id)],
});

/** An enum partition, ordered by a nullable boolean and a timestamp without zone. */
export const nodesByKind = defineList(nodeDocument, {
  name: 'nodes_by_kind',
  partitionBy: 'kind',
  where: (n, { gt }) => gt(n.id, -5),
  orderBy: (n, { desc }) => [desc(n.isDone), n.createdAt],
});

/** Who is linked by whom: membership through the join table to the same table. */
export const nodesByNeighbour = defineList(nodeDocument, {
  name: 'nodes_by_neighbour',
  partitionBy: ['linksTo', 'fromId'],
  orderBy: (n) => [n.updatedAt],
});

/** Composite keys in a partition. */
export const entriesByNode = defineList(entryDocument, {
  name: 'entries_by_node',
  partitionBy: 'nodeId',
  orderBy: (e, { desc }) => [desc(e.day), e.minutes],
});

/** Partitions that are dates. */
export const entriesByDay = defineList(entryDocument, {
  name: 'entries_by_day',
  partitionBy: 'day',
  orderBy: (e, { desc }) => desc(e.nodeId),
});
