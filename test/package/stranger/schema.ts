import { relations } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  date,
  foreignKey,
  integer,
  numeric,
  pgSchema,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';

/* A museum, made of what a stranger's schema may have: names that need quotes, two schemas, keys of two columns, rows that contain rows. */

const catalogue = pgSchema('Catalogue');

/** A room of a site: a key of two columns, in a table whose name needs quotes. */
export const halls = pgTable(
  'Hall',
  { site: text('Site').notNull(), number: integer('No.').notNull(), name: text('name').notNull(), closedOn: date('closed on') },
  (t) => [primaryKey({ columns: [t.site, t.number] })],
);

/** A thing on show, which may be part of another one. */
export const exhibits = pgTable(
  'exhibit',
  {
    id: uuid('id').primaryKey(),
    site: text('site'),
    hallNumber: integer('hallNo'),
    partOf: uuid('partOf').references((): AnyPgColumn => exhibits.id, { onUpdate: 'cascade', onDelete: 'cascade' }),
    title: text('Title').notNull(),
    insured: numeric('insured', { precision: 12, scale: 2 }),
    onShow: boolean('onShow').notNull(),
    updated: timestamp('updated', { withTimezone: true }).notNull(),
  },
  (t) => [
    foreignKey({ columns: [t.site, t.hallNumber], foreignColumns: [halls.site, halls.number] })
      .onUpdate('cascade')
      .onDelete('set null'),
  ],
);

/** A word of the catalogue. */
export const keywords = catalogue.table('Key"word', { id: bigint('id', { mode: 'number' }).primaryKey(), label: text('label').notNull() });

/** Which words an exhibit has. */
export const exhibitKeywords = catalogue.table(
  'exhibit_keyword',
  {
    exhibitId: uuid('exhibit')
      .notNull()
      .references(() => exhibits.id, { onUpdate: 'cascade', onDelete: 'cascade' }),
    keywordId: bigint('keyword', { mode: 'number' })
      .notNull()
      .references(() => keywords.id, { onUpdate: 'cascade', onDelete: 'cascade' }),
  },
  (t) => [primaryKey({ columns: [t.exhibitId, t.keywordId] })],
);

export const hallRelations = relations(halls, ({ many }) => ({ exhibits: many(exhibits) }));

export const exhibitRelations = relations(exhibits, ({ one, many }) => ({
  hall: one(halls, { fields: [exhibits.site, exhibits.hallNumber], references: [halls.site, halls.number] }),
  whole: one(exhibits, { fields: [exhibits.partOf], references: [exhibits.id], relationName: 'parts' }),
  parts: many(exhibits, { relationName: 'parts' }),
  keywordLinks: many(exhibitKeywords),
}));

export const keywordRelations = relations(keywords, ({ many }) => ({ exhibitLinks: many(exhibitKeywords) }));

export const exhibitKeywordRelations = relations(exhibitKeywords, ({ one }) => ({
  exhibit: one(exhibits, { fields: [exhibitKeywords.exhibitId], references: [exhibits.id] }),
  keyword: one(keywords, { fields: [exhibitKeywords.keywordId], references: [keywords.id] }),
}));
