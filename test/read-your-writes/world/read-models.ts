import { relations, sql } from 'drizzle-orm';
import { bigint, integer, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core';
import { defineList, defineReadModel } from 'everwarm';

/*
 * An archive in which every clerk has shelves and volumes of its own, so that each knows what must be read after each of its writes.
 * Names in mixed case, a composite key with a text in it.
 */
const archive = pgSchema('Archive');

const shelves = archive.table('Shelf', {
  id: integer('shelfId').primaryKey(),
  label: text('Label').notNull(),
  stamp: bigint('Stamp', { mode: 'number' }).notNull(),
});

/** `weight` 0 makes a document that cannot be made; `memo` is in no read model. */
const volumes = archive.table(
  'Volume',
  {
    wing: text('Wing').notNull(),
    no: integer('volume No').notNull(),
    shelf: integer('Shelf')
      .notNull()
      .references(() => shelves.id),
    place: integer('Place').notNull(),
    weight: integer('weight').notNull(),
    stamp: bigint('Stamp', { mode: 'number' }).notNull(),
    memo: text('memo').notNull().default(''),
  },
  (table) => [primaryKey({ columns: [table.wing, table.no] })],
);

/** What `drizzle()` would take. */
export const schema = {
  shelves,
  volumes,
  shelfRelations: relations(shelves, ({ many }) => ({ volumes: many(volumes) })),
  volumeRelations: relations(volumes, ({ one }) => ({ onShelf: one(shelves, { fields: [volumes.shelf], references: [shelves.id] }) })),
};

type Living = NonNullable<Parameters<typeof defineReadModel>[2]['lifecycle']>;

/** A volume with the label of its shelf, the volumes on a shelf in their places, and a shelf with how many they are. */
function declare(lifecycle: Living) {
  const volumeSheet = defineReadModel(schema, 'volumes', {
    name: 'volume_sheet',
    lifecycle,
    columns: { wing: true, no: true, shelf: true, place: true, stamp: true },
    extras: (v) => ({ share: sql<number>`1000 / ${v.weight}`.as('share') }),
    with: { onShelf: { columns: { label: true, stamp: true } } },
  });
  const shelfRoll = defineList(volumeSheet, { name: 'shelf_roll', partitionBy: 'shelf', orderBy: (v, { asc }) => [asc(v.place)] });
  const shelfCard = defineReadModel(schema, 'shelves', {
    name: 'shelf_card',
    lifecycle,
    columns: { id: true, label: true, stamp: true },
    aggregates: (a) => ({ volumeCount: a.count('volumes') }),
  });
  return { volumeSheet, shelfRoll, shelfCard };
}

export const { volumeSheet, shelfRoll, shelfCard } = declare('async');

/** All of them. */
export const readModels = [volumeSheet, shelfRoll, shelfCard] as const;

/** The same, but for when documents are written. */
export const readModelsThatLive = (lifecycle: Living) => Object.values(declare(lifecycle));

/** The shelf that is so full that its label is in more volumes than one statement owes. */
export const wideShelf = { id: 0, wing: 'wide', volumes: 1500 } as const;

/** The tables, and the wide shelf. */
export const ddl = `
create schema "Archive";
create table "Archive"."Shelf" ("shelfId" integer primary key, "Label" text not null, "Stamp" bigint not null);
create table "Archive"."Volume" (
  "Wing" text not null, "volume No" integer not null, "Shelf" integer not null references "Archive"."Shelf", "Place" integer not null,
  weight integer not null, "Stamp" bigint not null, memo text not null default '', primary key ("Wing", "volume No"));
create index on "Archive"."Volume" ("Shelf");
insert into "Archive"."Shelf" values (${wideShelf.id}, 'wide', 0);
insert into "Archive"."Volume" ("Wing", "volume No", "Shelf", "Place", weight, "Stamp")
  select '${wideShelf.wing}', n, ${wideShelf.id}, n, 1, 0 from generate_series(1, ${wideShelf.volumes}) n;
`;
