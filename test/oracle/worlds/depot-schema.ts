import { relations } from 'drizzle-orm';
import {
  bigint,
  boolean,
  date,
  doublePrecision,
  foreignKey,
  integer,
  json,
  jsonb,
  numeric,
  pgEnum,
  pgSchema,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';

/*
 * Composite keys, text keys with any text, quoted names, a second Postgres schema, a join table, two relations between the same
 * two tables.
 */

/** The tables as SQL. */
export const depotDdl = `
create schema "Registry";
create type grade as enum ('low', 'mid "two"', 'high');
create table "Hall ""A""" ("Code" text primary key, "is Open" boolean, rank smallint not null);
create table shelf (
  hall text not null references "Hall ""A""" on update cascade on delete cascade, no integer not null, title varchar(12), "Grade" grade,
  opened date, primary key (hall, no)
);
create table "Registry".person (id bigint primary key, "Full ""Name""" text not null, born date, code bigint);
create table crate (
  id uuid primary key, hall text, shelf_no integer, sender bigint references "Registry".person on delete set null,
  receiver bigint references "Registry".person on delete cascade on update cascade, label text, weight numeric not null, price double precision,
  packed timestamptz, meta jsonb, raw json,
  foreign key (hall, shelf_no) references shelf (hall, no) on update cascade on delete set null
);
create table tag (id integer primary key, label text not null, hidden boolean not null);
create table crate_tag (
  crate uuid references crate on delete cascade on update cascade, tag integer references tag on delete cascade on update cascade, strength integer,
  primary key (tag, crate)
);
create index on crate (hall, shelf_no);`;

const grade = pgEnum('grade', ['low', 'mid "two"', 'high']);
const registry = pgSchema('Registry');

const hall = pgTable('Hall "A"', { code: text('Code').primaryKey(), isOpen: boolean('is Open'), rank: smallint('rank').notNull() });
const shelf = pgTable(
  'shelf',
  {
    hall: text('hall').notNull(),
    no: integer('no').notNull(),
    title: varchar('title', { length: 12 }),
    grade: grade('Grade'),
    opened: date('opened'),
  },
  (t) => [primaryKey({ columns: [t.hall, t.no] })],
);
const person = registry.table('person', {
  id: bigint('id', { mode: 'number' }).primaryKey(),
  fullName: text('Full "Name"').notNull(),
  born: date('born', { mode: 'date' }),
  code: bigint('code', { mode: 'bigint' }),
});
const crate = pgTable(
  'crate',
  {
    id: uuid('id').primaryKey(),
    hall: text('hall'),
    shelfNo: integer('shelf_no'),
    sender: bigint('sender', { mode: 'number' }),
    receiver: bigint('receiver', { mode: 'number' }),
    label: text('label'),
    weight: numeric('weight').notNull(),
    price: doublePrecision('price'),
    packed: timestamp('packed', { withTimezone: true }),
    meta: jsonb('meta'),
    raw: json('raw'),
  },
  (t) => [foreignKey({ columns: [t.hall, t.shelfNo], foreignColumns: [shelf.hall, shelf.no] })],
);
const tag = pgTable('tag', { id: integer('id').primaryKey(), label: text('label').notNull(), hidden: boolean('hidden').notNull() });
const crateTag = pgTable(
  'crate_tag',
  { crate: uuid('crate').notNull(), tag: integer('tag').notNull(), strength: integer('strength') },
  (t) => [primaryKey({ columns: [t.tag, t.crate] })],
);

const hallRelations = relations(hall, ({ many }) => ({ shelves: many(shelf) }));
const shelfRelations = relations(shelf, ({ one, many }) => ({
  inHall: one(hall, { fields: [shelf.hall], references: [hall.code] }),
  crates: many(crate),
}));
const personRelations = relations(person, ({ many }) => ({
  sent: many(crate, { relationName: 'sender' }),
  received: many(crate, { relationName: 'receiver' }),
}));
const crateRelations = relations(crate, ({ one, many }) => ({
  // Named against the order of the key, to be brought in order by whoever needs it.
  onShelf: one(shelf, { fields: [crate.shelfNo, crate.hall], references: [shelf.no, shelf.hall] }),
  from: one(person, { fields: [crate.sender], references: [person.id], relationName: 'sender' }),
  to: one(person, { fields: [crate.receiver], references: [person.id], relationName: 'receiver' }),
  crateTags: many(crateTag),
}));
const tagRelations = relations(tag, ({ many }) => ({ crateTags: many(crateTag) }));
const crateTagRelations = relations(crateTag, ({ one }) => ({
  ofCrate: one(crate, { fields: [crateTag.crate], references: [crate.id] }),
  ofTag: one(tag, { fields: [crateTag.tag], references: [tag.id] }),
}));

/** The same as a Drizzle schema. */
export const depot = {
  hall,
  shelf,
  person,
  crate,
  tag,
  crateTag,
  hallRelations,
  shelfRelations,
  personRelations,
  crateRelations,
  tagRelations,
  crateTagRelations,
};
