import { expectRefusal } from '@everwarm/testkit';
import { relations, sql } from 'drizzle-orm';
import { boolean, integer, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import { describe, it } from 'vitest';
import { defineList, defineReadModel } from './define.ts';

const book = pgTable('book', {
  id: integer('id').primaryKey(),
  title: text('title').notNull(),
  notes: jsonb('notes'),
  isNew: boolean('is_new'),
});
const shelf = pgTable('shelf', { id: integer('id').primaryKey(), opened: timestamp('opened') });
const loan = pgTable('loan', { bookId: integer('book_id'), no: integer('no') }, (t) => [primaryKey({ columns: [t.bookId, t.no] })]);

const schema = {
  book,
  shelf,
  loan,
  bookRelations: relations(book, ({ many }) => ({ loans: many(loan) })),
  loanRelations: relations(loan, ({ one }) => ({ book: one(book, { fields: [loan.bookId], references: [book.id] }) })),
};

/** A config as code without types would give it. */
type Config = { [option: string]: unknown };
const item = defineReadModel(schema, 'book', { name: 'item', columns: { id: true } });
const listed = (config: Config) => defineList(item, { name: 'l', orderBy: (b: typeof book) => b.id, ...config } as never);

const other = sql`${shelf.opened} is null`;

/** What is refused, where the message says it stands, and the words of the cure. */
const lists: [what: string, config: Config, path: string, cure: RegExp][] = [
  ['no order', { orderBy: undefined }, 'l', /Name at least one column/],
  ['an empty order', { orderBy: () => [] }, 'l', /Name at least one column/],
  [
    'an order by a type without one in bytes',
    { orderBy: (b: typeof book) => b.notes },
    'l.orderBy[0]',
    /"notes" of type jsonb.* Order by integers/,
  ],
  [
    'an order by another collation',
    { orderBy: (b: typeof book) => [b.id, sql`${b.title} collate "de-x-icu" desc`] },
    'l.orderBy[1]',
    /collation other than "C".* leave it out/,
  ],
  ['a partition by several columns', { partitionBy: ['id', 'title'] }, 'l.partitionBy', /several columns. Partition by one/],
  ['a keep of nothing', { keep: 0 }, 'l.keep', /whole number from 1 to 10000/],
  ['a keep without end', { keep: Number.POSITIVE_INFINITY }, 'l.keep', /whole number from 1 to 10000/],
  ['a count that is no yes or no', { count: 'exact' }, 'l.count', /true or false/],
  ['an order by another table', { orderBy: () => shelf.id }, 'l.orderBy[0]', /another table/],
  ['a where over another table', { where: () => other }, 'l.where', /another table/],
  ['a partition by an unknown column', { partitionBy: 'nope' }, 'l.partitionBy', /It has: id, title/],
  ['a partition by an unknown relation', { partitionBy: ['nope', 'x'] }, 'l.partitionBy', /Declare it with relations/],
  ['a partition by an unknown column of a relation', { partitionBy: ['loans', 'nope'] }, 'l.partitionBy', /It has: bookId, no/],
  ['a partition of another form', { partitionBy: 7 }, 'l.partitionBy', /name of a column, or \[relation, column\]/],
  [
    'a partition by a type that keys cannot have',
    { partitionBy: 'isNew' },
    'l.partitionBy',
    /"isNew" of type boolean as a key.* Keys, joins/,
  ],
  ['a limit', { limit: 10 }, 'l', /"limit".* Supported are: name, partitionBy/],
];

describe('a list is refused, by its name, the path and the cure, for', () => {
  it.each(lists)('%s', (_, config, path, cure) => {
    expectRefusal(() => listed(config), path, cure);
  });
});
