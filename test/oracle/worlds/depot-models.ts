import { sql } from 'drizzle-orm';
import { defineList, defineReadModel } from 'everwarm';
import { depot } from './depot-schema.ts';

/** Composite key; crates with both persons and tags below them; aggregates of each kind. */
export const shelfDocument = defineReadModel(depot, 'shelf', {
  name: 'shelf_document',
  with: {
    inHall: { columns: { isOpen: true, code: true } },
    crates: {
      where: (c, { gt }) => gt(c.weight, '-1'),
      orderBy: (c, { desc }) => [desc(c.weight)],
      limit: 3,
      columns: { raw: false, meta: false, price: false },
      with: {
        from: {
          columns: { fullName: true },
          with: { received: { columns: { id: true, packed: true }, orderBy: (c, { asc }) => asc(c.packed), limit: 2 } },
        },
        to: { columns: { id: true, born: true, code: true } },
      },
      through: { tags: { via: 'crateTags', to: 'ofTag', columns: { label: true } } },
    },
  },
  aggregates: (a) => ({
    crateCount: a.count('crates'),
    labelled: a.count('crates', { where: (c, { and, isNotNull, ne }) => and(isNotNull(c.label), ne(c.label, "it's")) }),
    weight: a.sum('crates', 'weight'),
    mean: a.avg('crates', 'weight'),
    lightest: a.min('crates', 'weight'),
    heaviest: a.max('crates', 'weight'),
    lastPacked: a.max('crates', 'packed'),
    senders: a.sum('crates', 'sender'),
  }),
});

/** Has a filter at its root, an extra, and tags in an order of their own with filters on both tables of the way. */
export const crateDocument = defineReadModel(depot, 'crate', {
  name: 'crate_document',
  where: (c, { or, isNull, notInArray }) => or(isNull(c.label), notInArray(c.label, ['back\\slash', 'b', '🐘🔥'])),
  extras: (c) => ({
    loud: sql<string>`replace(${c.label}, 'a', 'AA') || ${'\\"\'!'}`.as('loud'),
    rounded: sql<string>`round(${c.weight}, ${1})`.as('rounded'),
  }),
  with: { onShelf: { with: { inHall: true } }, to: { columns: { code: false } } },
  through: {
    tags: {
      via: 'crateTags',
      to: 'ofTag',
      joinWhere: (j, { or, gt, isNull }) => or(gt(j.strength, 0), isNull(j.strength)),
      where: (t, { eq }) => eq(t.hidden, false),
      orderBy: (t, { desc }) => [desc(sql`${t.label} collate "C"`)],
      limit: 4,
    },
  },
  aggregates: (a) => ({
    strength: a.sum('crateTags', 'strength'),
    meanStrength: a.avg('crateTags', 'strength'),
    tagCount: a.count('crateTags'),
  }),
});

/** Two relations to the same table, in another Postgres schema than it. */
export const personDocument = defineReadModel(depot, 'person', {
  name: 'person_document',
  with: {
    sent: { columns: { id: true }, orderBy: (c, { desc }) => [desc(c.label), desc(c.id)], with: { to: { columns: { fullName: true } } } },
    received: {
      columns: { label: true },
      where: (c, { or, isNotNull, lt }) => or(isNotNull(c.label), lt(c.packed, new Date('2024-01-01T00:00:00Z'))),
      orderBy: (c) => [sql`${c.packed} desc nulls last`],
      with: { onShelf: { columns: { title: true, grade: true } } },
    },
  },
  aggregates: (a) => ({ sentCount: a.count('sent'), firstLabel: a.min('received', 'label') }),
});

/** A text key with any text; three levels below it. */
export const hallDocument = defineReadModel(depot, 'hall', {
  name: 'hall_document',
  with: {
    shelves: {
      orderBy: (s) => [sql`${s.grade} asc nulls first`, s.opened],
      with: {
        crates: {
          columns: { id: true, weight: true },
          with: { crateTags: { columns: { strength: true }, with: { ofTag: { columns: { label: true } } } } },
        },
      },
      aggregates: (a) => ({ crates_here: a.count('crates') }),
    },
  },
});

/** A text partition that may be null, newest first. */
export const cratesByHall = defineList(crateDocument, {
  name: 'crates_by_hall',
  partitionBy: 'hall',
  orderBy: (c, { desc }) => [desc(c.packed)],
});

/** Membership through the join table, nulls first while ascending. */
export const cratesByTag = defineList(crateDocument, {
  name: 'crates_by_tag',
  partitionBy: ['crateTags', 'tag'],
  where: (c, { ne }) => ne(c.weight, '10'),
  orderBy: (c) => [sql`${c.packed} asc nulls first`, sql`${c.receiver} desc nulls last`],
});

/** One list of all, by a nullable date, composite key. */
export const shelves = defineList(shelfDocument, { name: 'shelves', orderBy: (s) => [sql`${s.opened} desc nulls last`, s.no] });
