import { relations } from 'drizzle-orm';
import {
  bigint,
  boolean,
  date,
  integer,
  interval,
  numeric,
  pgSchema,
  pgTable,
  primaryKey,
  smallint,
  text,
  time,
  timestamp,
} from 'drizzle-orm/pg-core';

/*
 * Column names by Drizzle's casing, a tree in one table, a join table from a table to itself, keys that are dates and enums.
 */

/** The tables as SQL. */
export const forestDdl = `
create schema woods;
create type woods.node_kind as enum ('root', 'Branch', 'leaf''s');
create table woods.kind_note (kind woods.node_kind primary key, note text);
create table node_item (
  id integer primary key, parent_id integer references node_item on delete cascade on update cascade, kind woods.node_kind not null, title text,
  place smallint not null, is_done boolean, created_at timestamp not null, updated_at timestamptz
);
create table node_link (
  from_id integer references node_item on delete cascade on update cascade, to_id integer references node_item on delete cascade on update cascade,
  bond numeric, primary key (from_id, to_id)
);
create table woods.diary_day (day date primary key, weather text);
create table woods.diary_entry (
  day date references woods.diary_day on delete cascade on update cascade, seq smallint, node_id integer references node_item on delete set null,
  minutes bigint, spent interval, starts_at time, primary key (day, seq)
);`;

const woods = pgSchema('woods');
const nodeKind = woods.enum('node_kind', ['root', 'Branch', "leaf's"]);

const kindNote = woods.table('kind_note', { kind: nodeKind().primaryKey(), note: text() });
const node = pgTable('node_item', {
  id: integer().primaryKey(),
  parentId: integer(),
  kind: nodeKind().notNull(),
  title: text(),
  place: smallint().notNull(),
  isDone: boolean(),
  createdAt: timestamp().notNull(),
  updatedAt: timestamp({ withTimezone: true, mode: 'string' }),
});
const link = pgTable('node_link', { fromId: integer(), toId: integer(), bond: numeric() }, (t) => [
  primaryKey({ columns: [t.fromId, t.toId] }),
]);
const diaryDay = woods.table('diary_day', { day: date().primaryKey(), weather: text() });
const diaryEntry = woods.table(
  'diary_entry',
  { day: date(), seq: smallint(), nodeId: integer(), minutes: bigint({ mode: 'bigint' }), spent: interval(), startsAt: time() },
  (t) => [primaryKey({ columns: [t.day, t.seq] })],
);

const kindRelations = relations(kindNote, ({ many }) => ({ nodes: many(node) }));
const nodeRelations = relations(node, ({ one, many }) => ({
  parent: one(node, { fields: [node.parentId], references: [node.id], relationName: 'tree' }),
  children: many(node, { relationName: 'tree' }),
  note: one(kindNote, { fields: [node.kind], references: [kindNote.kind] }),
  linksFrom: many(link, { relationName: 'source' }),
  linksTo: many(link, { relationName: 'target' }),
  entries: many(diaryEntry),
}));
const linkRelations = relations(link, ({ one }) => ({
  source: one(node, { fields: [link.fromId], references: [node.id], relationName: 'source' }),
  target: one(node, { fields: [link.toId], references: [node.id], relationName: 'target' }),
}));
const dayRelations = relations(diaryDay, ({ many }) => ({ entries: many(diaryEntry) }));
const entryRelations = relations(diaryEntry, ({ one }) => ({
  inDay: one(diaryDay, { fields: [diaryEntry.day], references: [diaryDay.day] }),
  node: one(node, { fields: [diaryEntry.nodeId], references: [node.id] }),
}));

/** The same as a Drizzle schema, for the casing `snake_case`. */
export const forest = {
  kindNote,
  node,
  link,
  diaryDay,
  diaryEntry,
  kindRelations,
  nodeRelations,
  linkRelations,
  dayRelations,
  entryRelations,
};
