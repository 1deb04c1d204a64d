import { relations, sql } from 'drizzle-orm';
import { integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import { defineList, defineReadModel } from '#model/declare/define.ts';
import { defineSqlReadModel } from '#model/declare/define-sql.ts';
import { explainModel } from '#model/explain/explain.ts';
import { explanationText } from './explanation.ts';

const shelf = pgTable('shelf', { id: integer('id').primaryKey(), label: text('label').notNull(), opens: timestamp('opens') });
const book = pgTable('book', { shelfId: integer('shelf_id'), no: integer('no'), title: text('title') }, (t) => [
  primaryKey({ columns: [t.shelfId, t.no] }),
]);
const tag = pgTable('tag', { id: integer('id').primaryKey(), shelfId: integer('shelf_id').notNull(), word: integer('word').notNull() });
const schema = {
  shelf,
  book,
  tag,
  shelfRelations: relations(shelf, ({ many }) => ({ books: many(book), tags: many(tag) })),
  bookRelations: relations(book, ({ one }) => ({ shelf: one(shelf, { fields: [book.shelfId], references: [shelf.id] }) })),
  tagRelations: relations(tag, ({ one }) => ({ shelf: one(shelf, { fields: [tag.shelfId], references: [shelf.id] }) })),
};
const page = defineReadModel(schema, 'shelf', {
  name: 'shelf_page',
  where: (s, { ne }) => ne(s.label, ''),
  columns: { id: true, opens: true },
  extras: (s) => ({ loud: sql<string>`upper(${s.label})`.as('loud') }),
  with: { books: { columns: { title: true }, orderBy: (b, { desc }) => [desc(b.title)], limit: 3 } },
});
const explained = (model: Parameters<typeof explainModel>[0]) => ({ ...explainModel(model), generations: null });
/** Sections whose text is the engine's to choose are left out. */
const stable = (text: string) => text.replace(/^(definition| {2}definition) .*\n/m, '').split(/\n\n(?=recompute|aggregates)/)[0];

test('a document model is explained from its rows to its ways back', () => {
  expect(stable(explanationText(explained(page.compile())))).toBe(`shelf_page
  a document for each row of shelf where "label" <> ''

  key          id (integer)
  generations  unknown: no database of ours answers

document
  id       number                                 integer
  opens    text (ISO 8601, milliseconds) or null  timestamp
  loud     what its SQL gives or null             = upper("label")
  books    array                                  book on book.shelf_id = shelf.id order by "title" desc limit 3
    title  text or null                           text

watches
  shelf
    id     the root
    label  the root
    opens  the root
  book
    no        books
    shelf_id  books
    title     books

ways back
  the root: shelf by id, which is the key
  books: book by shelf_id, which is the key`);
});

test('a list is explained with its partition, order and bytes', () => {
  const list = defineList(page, { name: 'tagged', partitionBy: ['tags', 'word'], orderBy: (s, { desc }) => [desc(s.opens)] });
  const text = stable(explanationText(explained(list.compile())));
  expect(text).toContain('pages of shelf_page, an entry for each row of shelf');
  expect(text).toMatch(/partition +word \(integer\), of tag\n +order +"opens" desc, "id"\n/);
  expect(text).toContain('tags: tag by shelf_id, which is the key');
});

test('a transform, hand-written SQL, the time and generations are said', () => {
  const first = page.transform(4, (document) => document).compile();
  expect(explanationText(explained(first))).toContain('a document, made by a transform (revision 4), for each row of shelf');
  const written = defineSqlReadModel({
    name: 'written',
    key: { id: 'integer' },
    query: sql`select 1 as id, '{}'::json as doc from ${shelf}`,
    dependencies: [{ table: shelf, columns: ['label'], key: ['id'] }],
  }).compile();
  const text = explanationText({
    ...explainModel(written),
    generations: [
      { id: 3, state: 'previous', hash: 'x', isThis: false },
      { id: 4, state: 'serving', hash: 'y', isThis: true },
    ],
  });
  expect(text).toContain('a document by hand-written SQL');
  expect(text).toContain('generations  3 previous (another definition), 4 serving\n');
  expect(text).not.toContain('\ndocument\n');
  expect(text).toMatch(/recompute\n {2}select k\.key, \(\n {4}select q\.doc::text\n {4}from \(\n {6}select 1 as id/);
  const timed = defineReadModel(schema, 'shelf', { name: 'timed', where: (s, { lte }) => lte(s.opens, sql`now()`) }).compile();
  expect(explanationText(explained(timed))).toMatch(/\ntime\n {2}The time alone changes documents/);
});
