import { relations } from 'drizzle-orm';
import { bigint, foreignKey, integer, pgSchema, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';

/*
 * A shipyard, made to be read by somebody who suspects it. Every transaction gives the vessels that it changes a new stamp and a
 * seal, which says in words all that a document of the vessel must show. Names in mixed case, composite keys, keys with any text.
 */
const yard = pgSchema('Yard');

/** A fleet; its name is shown by all of its vessels. */
const fleets = yard.table('Fleet', {
  code: text('Code').primaryKey(),
  name: text('name').notNull(),
  stamp: bigint('Stamp', { mode: 'number' }).notNull(),
});

/** A vessel. `dock` only ever goes up, so that an entry that left a dock has no business there. `memo` is in no read model. */
const vessels = yard.table(
  'Vessel',
  {
    fleet: text('Fleet')
      .notNull()
      .references(() => fleets.code),
    hullNo: bigint('hullNo', { mode: 'number' }).notNull(),
    life: integer('life').notNull(),
    stamp: bigint('Stamp', { mode: 'number' }).notNull(),
    seal: text('Seal').notNull(),
    dock: integer('dock'),
    draft: integer('Draft').notNull(),
    cargo: integer('cargo').notNull(),
    memo: text('memo').notNull().default(''),
  },
  (table) => [primaryKey({ columns: [table.fleet, table.hullNo] })],
);

/** The two tanks of a vessel: what is pumped from one is in the other, in one transaction. */
const tanks = yard.table(
  'tank',
  {
    fleet: text('Fleet').notNull(),
    hullNo: bigint('hullNo', { mode: 'number' }).notNull(),
    side: text('side').notNull(),
    level: integer('Level').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.fleet, table.hullNo, table.side] }),
    foreignKey({ columns: [table.fleet, table.hullNo], foreignColumns: [vessels.fleet, vessels.hullNo] }).onDelete('cascade'),
  ],
);

/** A vessel's log: entry after entry, numbered without gaps, never changed. */
const entries = yard.table(
  'LogEntry',
  {
    fleet: text('Fleet').notNull(),
    hullNo: bigint('hullNo', { mode: 'number' }).notNull(),
    n: integer('n').notNull(),
    words: text('Words').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.fleet, table.hullNo, table.n] }),
    foreignKey({ columns: [table.fleet, table.hullNo], foreignColumns: [vessels.fleet, vessels.hullNo] }).onDelete('cascade'),
  ],
);

/** Two vessels that pass cargo to each other: `cargo` is what both have together. */
const convoys = yard.table(
  'Convoy',
  {
    id: uuid('id').primaryKey(),
    fleet: text('Fleet').notNull(),
    leadNo: bigint('leadNo', { mode: 'number' }).notNull(),
    tailNo: bigint('tail No', { mode: 'number' }).notNull(),
    cargo: integer('cargo').notNull(),
  },
  (table) => [
    foreignKey({ columns: [table.fleet, table.leadNo], foreignColumns: [vessels.fleet, vessels.hullNo] }),
    foreignKey({ columns: [table.fleet, table.tailNo], foreignColumns: [vessels.fleet, vessels.hullNo] }),
  ],
);

/** A signal that is lowered when its time comes, by nobody. */
const signals = yard.table('signal', {
  id: uuid('id').primaryKey(),
  stamp: bigint('Stamp', { mode: 'number' }).notNull(),
  lowersAt: timestamp('lowers At', { withTimezone: true }).notNull(),
});

/** Papers; what stands in some of them cannot be read. */
const manifests = yard.table('Manifest', {
  title: text('Title').primaryKey(),
  stamp: bigint('Stamp', { mode: 'number' }).notNull(),
  words: text('Words').notNull(),
});

/** What `drizzle()` would take. */
export const schema = {
  fleets,
  vessels,
  tanks,
  entries,
  convoys,
  signals,
  manifests,
  fleetRelations: relations(fleets, ({ many }) => ({ vessels: many(vessels) })),
  vesselRelations: relations(vessels, ({ one, many }) => ({
    inFleet: one(fleets, { fields: [vessels.fleet], references: [fleets.code] }),
    tanks: many(tanks),
    entries: many(entries),
  })),
  tankRelations: relations(tanks, ({ one }) => ({
    vessel: one(vessels, { fields: [tanks.fleet, tanks.hullNo], references: [vessels.fleet, vessels.hullNo] }),
  })),
  entryRelations: relations(entries, ({ one }) => ({
    vessel: one(vessels, { fields: [entries.fleet, entries.hullNo], references: [vessels.fleet, vessels.hullNo] }),
  })),
  convoyRelations: relations(convoys, ({ one }) => ({
    lead: one(vessels, { fields: [convoys.fleet, convoys.leadNo], references: [vessels.fleet, vessels.hullNo], relationName: 'lead' }),
    tail: one(vessels, { fields: [convoys.fleet, convoys.tailNo], references: [vessels.fleet, vessels.hullNo], relationName: 'tail' }),
  })),
};
