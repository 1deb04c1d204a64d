import { expectRefusal } from '@everwarm/testkit';
import { exists, relations, sql } from 'drizzle-orm';
import {
  alias,
  boolean,
  customType,
  geometry,
  integer,
  json,
  jsonb,
  pgTable,
  pgView,
  primaryKey,
  QueryBuilder,
  real,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import { describe, it } from 'vitest';
import { defineList, defineReadModel } from './define.ts';
import { jsonForm } from './json-form.ts';

const money = customType<{ data: string }>({ dataType: () => 'money' });

const book = pgTable('book', {
  id: integer('id').primaryKey(),
  title: text('title').notNull(),
  shelfId: integer('shelf_id'),
  place: geometry('place'),
  price: money('price'),
  notes: jsonb('notes'),
  isNew: boolean('is_new'),
  extra: json('extra'),
  size: real('size'),
});
const shelf = pgTable('shelf', { id: integer('id').primaryKey(), opened: timestamp('opened') });
const log = pgTable('log', { line: text('line'), bookId: integer('book_id') });
const measured = pgTable('measured', { at: timestamp('at').primaryKey(), bookId: integer('book_id') });
const loan = pgTable('loan', { bookId: integer('book_id'), no: integer('no') }, (t) => [primaryKey({ columns: [t.bookId, t.no] })]);
const stamped = pgTable('stamped', {
  id: integer('id').primaryKey(),
  stamp: jsonForm(integer('stamp'), { sql: () => sql`${shelf.opened}`, type: 'string' }),
});
const seen = pgView('seen', { id: integer('id') }).as(sql`select 1 as id`);

const schema = {
  book,
  shelf,
  log,
  measured,
  loan,
  stamped,
  seen,
  bookRelations: relations(book, ({ one, many }) => ({
    shelf: one(shelf, { fields: [book.shelfId], references: [shelf.id] }),
    log: many(log),
    loans: many(loan),
    half: many(measured),
    siblings: one(book, { fields: [book.shelfId], references: [book.id] }),
  })),
  shelfRelations: relations(shelf, ({ many }) => ({ books: many(book) })),
  logRelations: relations(log, ({ one }) => ({ book: one(book, { fields: [log.bookId], references: [book.id] }) })),
  loanRelations: relations(loan, ({ one }) => ({
    book: one(book, { fields: [loan.bookId], references: [book.id] }),
  })),
};

/** Configs as code without types would give them. */
type Config = { [option: string]: unknown };
const define = (config: Config, root = 'book') => defineReadModel(schema, root as 'book', { name: 'm', ...config } as never);
const item = defineReadModel(schema, 'book', { name: 'item', columns: { id: true } });
const transformed = defineReadModel(schema, 'loan', { name: 'turned', columns: { no: true } }).transform(1, (given) => given);
const elsewhere = defineReadModel({ ...schema }, 'loan', { name: 'elsewhere', columns: { no: true } });
const builder = new QueryBuilder();
const counted = builder.$with('counted').as(builder.select({ no: loan.no }).from(loan));
let outer = book;
const listed = (config: Config) => defineList(item, { name: 'l', orderBy: (b: typeof book) => b.id, ...config } as never);

const other = sql`${shelf.opened} is null`;

/** What is refused, where the message says it stands, and the words of the cure. */
const documents: [what: string, config: Config, path: string, cure: RegExp, root?: string][] = [
  ['orderBy at the root', { orderBy: () => [book.id] }, 'm', /use a list for order/],
  ['limit at the root', { limit: 3 }, 'm', /use a list for order/],
  ['offset at the root', { offset: 3 }, 'm', /use a list for order/],
  ['an unknown option', { having: 1 }, 'm', /"having".* Supported are: columns, with/],
  ['an unknown nested option', { with: { loans: { offset: 3 } } }, 'm.loans', /"offset".* Supported are/],
  ['a name below the root', { with: { loans: { name: 'x' } } }, 'm.loans', /"name".* Supported are/],
  ['an unknown table', {}, 'm', /"nothing".* It has: book, shelf/, 'nothing'],
  ['a name of Object.prototype as a table', {}, 'm', /"toString".* It has: book/, 'toString'],
  ['a view', {}, 'm', /views are not supported/, 'seen'],
  ['a table without a primary key', { with: { log: true } }, 'm.log', /"log", which has no primary key. Give it one/],
  ['an unknown column', { columns: { id: true, nope: true } }, 'm.columns', /"nope".* It has: id, title/],
  ['an unknown column, excluded', { columns: { nope: false } }, 'm.columns', /"nope".* It has: id, title/],
  ['an unknown relation', { with: { nope: true } }, 'm.nope', /Declare it with relations/],
  ['a name of Object.prototype as a relation', { with: { toString: true } }, 'm.toString', /Declare it with relations/],
  ['a relation nobody can join', { with: { half: true } }, 'm.half', /cannot be joined: .* Give its one\(\) fields/],
  ['nothing selected', { columns: {} }, 'm', /Name a column/],
  ['a column type without JSON form', { columns: { place: true } }, 'm.place', /type geometry\(point\) .* Leave it out.* jsonForm/],
  ['a custom type', { columns: { price: true } }, 'm.price', /type money .* Leave it out.* jsonForm\(column, \{ sql, type \}\)/],
  ['a form of one’s own that reaches further', { columns: { stamp: true } }, 'm.stamp', /"opened" of another table/, 'stamped'],
  [
    'a key of a type that keys cannot have',
    { columns: { bookId: true } },
    'm',
    /"at" of type timestamp as a key.* Keys, joins/,
    'measured',
  ],
  ['a column of another table in where', { where: () => other }, 'm.where', /"opened" of another table.* use a relation/],
  [
    'a column of another table in a nested where',
    { with: { loans: { where: () => other } } },
    'm.loans.where',
    /"opened" of another table/,
  ],
  ['a column of another table in orderBy', { with: { loans: { orderBy: () => [shelf.opened] } } }, 'm.loans.orderBy[0]', /use a relation/],
  ['a column of another table in an extra', { extras: { x: sql`${shelf.opened}`.as('x') } }, 'm.extras.x', /use a relation/],
  ['a table in where', { where: () => sql`${book} is not null` }, 'm.where', /contains a table.* reads: \{ relation/],
  ['another table in a subquery', { where: () => sql`exists (select from ${shelf})` }, 'm.where', /contains a table, "shelf".* reads: \{/],
  [
    'a query of the builder',
    { where: () => exists(builder.select({ one: sql`1` }).from(loan)) },
    'm.where',
    /contains a subquery.* reads: \{ relation/,
  ],
  [
    'a table beside the one that is declared to be read',
    { reads: { loans: true }, where: () => sql`exists (select from ${shelf})` },
    'm.where',
    /contains a table, "shelf"/,
  ],
  [
    'the row’s own table, when other rows of it are read',
    { reads: { siblings: true }, where: () => sql`exists (select from ${book} where ${book.id} = 1)` },
    'm.where',
    /both the row itself and under "reads".* callback's argument.* alias\(book, 'name'\)/,
  ],
  [
    'raw text that names the row’s alias',
    { reads: { loans: true }, where: () => sql`exists (select from loan t0 where t0.no = 1)` },
    'm.where',
    /uses the name "t0".* Rename/,
  ],
  [
    'an alias that is the row’s',
    { reads: { siblings: true }, where: () => sql`exists (select from ${book} ${alias(book, 't0')})` },
    'm.where',
    /uses "t0".* other names for alias/,
  ],
  [
    'columns of another place’s callback',
    {
      extras: (b: typeof book) => {
        outer = b;
        return {};
      },
      with: { loans: { reads: { book: true }, where: () => sql`${outer.title} = 'x'` } },
    },
    'm.loans.where',
    /uses "t0", which names a row of the read model itself, of another place/,
  ],
  ['a relation under reads that is none', { reads: { nope: true } }, 'm.reads.nope', /Declare it with relations/],
  ['a column under reads that is none', { reads: { loans: { columns: { nope: true } } } }, 'm.reads.loans.columns', /It has: bookId, no/],
  ['an option under reads', { reads: { loans: { where: () => sql`true` } } }, 'm.reads.loans', /Supported are: columns, with/],
  [
    'a relation below reads that is none',
    { reads: { loans: { with: { nope: true } } } },
    'm.reads.loans.nope',
    /Declare it with relations/,
  ],
  ['a table without a key under reads', { reads: { log: true } }, 'm.reads.log', /no primary key. Give it one/],
  ['a common table expression', { reads: { loans: true }, where: () => sql`exists (select from ${counted})` }, 'm.where', /something else/],
  [
    'an order term of two directions',
    { with: { loans: { orderBy: () => sql`${loan.no} desc, ${loan.bookId}` } } },
    'm.loans.orderBy[0]',
    /more than one term .* element of an array/,
  ],
  [
    'an order term with a direction twice',
    { with: { loans: { orderBy: () => sql`${loan.no} desc desc` } } },
    'm.loans.orderBy[0]',
    /"desc" stands inside/,
  ],
  ['an embedded model of another table', { with: { shelf: item } }, 'm.shelf', /embeds "item", whose rows are of "book".* "shelf"/],
  ['an embedded model with a transform', { with: { loans: { model: transformed } } }, 'm.loans', /embeds "turned", which has a transform/],
  ['an embedded list', { with: { loans: listed({}) } }, 'm.loans', /not a document model/],
  ['an embedded something', { with: { loans: { model: 7 } } }, 'm.loans', /not a document model of defineReadModel. Give one/],
  ['an embedded model of another schema object', { with: { loans: elsewhere } }, 'm.loans', /another schema object. Declare both over/],
  ['columns beside an embedded model', { with: { loans: { model: elsewhere, columns: {} } } }, 'm.loans', /Supported are: model, where/],
  ['where around an embedded single row', { with: { siblings: { model: item, where: () => sql`true` } } }, 'm.siblings', /Leave them out/],
  ['a view in where', { where: () => sql`exists (select from ${seen})` }, 'm.where', /contains a view/],
  ['a subquery in where', { where: () => sql`${book.id} in ${{ getSQL: () => sql`(select 1)` }}` }, 'm.where', /contains a subquery/],
  ['a placeholder in where', { where: () => sql`${book.id} = ${sql.placeholder('id')}` }, 'm.where', /placeholder/],
  ['an aliased expression in where', { where: () => sql`${sql`1`.as('one')} = 1` }, 'm.where', /an aliased expression/],
  [
    'a value without a literal',
    { where: () => sql`${book.id} = ${sql.param(Symbol('x'))}` },
    'm.where',
    /cannot be written as an SQL literal. Use text/,
  ],
  ['a where that gives no SQL', { where: () => true }, 'm.where', /Use the operators that the callback receives/],
  ['an extra without a name', { extras: { x: sql`1` } }, 'm.extras.x', /\.as\('name'\)/],
  ['an order that is no column', { with: { loans: { orderBy: () => ['no'] } } }, 'm.loans.orderBy[0]', /asc\(column\) or desc\(column\)/],
  ['a limit that is a placeholder', { with: { loans: { limit: sql.placeholder('n') } } }, 'm.loans.limit', /whole number written out/],
  ['a limit below zero', { with: { loans: { limit: -1 } } }, 'm.loans.limit', /0 or more/],
  ['a fractional limit', { with: { loans: { limit: 1.5 } } }, 'm.loans.limit', /whole number/],
  ['where on a single row', { with: { shelf: { where: () => sql`true` } } }, 'm.shelf', /Leave them out/],
  ['limit on a single row', { with: { shelf: { limit: 1 } } }, 'm.shelf', /Leave them out/],
  ['orderBy on a single row', { with: { shelf: { orderBy: () => shelf.id } } }, 'm.shelf', /Leave them out/],
  ['a relation that is no object', { with: { loans: 7 } }, 'm.loans', /must be an object/],
  ['two properties of one name', { extras: { title: sql`1`.as('title') } }, 'm.title', /Rename one/],
  [
    'an aggregate of a relation’s name',
    { with: { loans: true }, aggregates: (a: Builder) => ({ loans: a.count('loans') }) },
    'm.loans',
    /Rename one/,
  ],
  ['aggregates that are no function', { aggregates: { n: 1 } }, 'm.aggregates', /must be a function/],
  ['an aggregate of somebody else', { aggregates: () => ({ n: 1 }) }, 'm.n', /Use a\.count/],
  ['an aggregate over a single row', { aggregates: (a: Builder) => ({ n: a.count('shelf') }) }, 'm.n', /single row of "shelf"/],
  ['an aggregate of an unknown column', { aggregates: (a: Builder) => ({ n: a.sum('loans', 'nope') }) }, 'm.n', /It has: bookId, no/],
  ['an aggregate option', { aggregates: (a: Builder) => ({ n: a.count('loans', { limit: 1 }) }) }, 'm.n', /Supported are: where/],
  ['a sum of text', { aggregates: (a: Builder) => ({ n: a.sum('books', 'title') }) }, 'm.n', /integers or numerics\.$/, 'shelf'],
  ['a sum of floats', { aggregates: (a: Builder) => ({ n: a.sum('books', 'size') }) }, 'm.n', /integers or numerics\.$/, 'shelf'],
  ['a maximum of json', { aggregates: (a: Builder) => ({ n: a.max('books', 'extra') }) }, 'm.n', /texts, dates or times/, 'shelf'],
  ['through without a way', { through: { x: { via: 'loans' } } }, 'm.x', /Give both/],
  ['through a single row', { through: { x: { via: 'shelf', to: 'books' } } }, 'm.x', /single row of "shelf"/],
  ['through an unknown relation', { through: { x: { via: 'loans', to: 'nope' } } }, 'm.x', /Declare it with relations/],
];

type Builder = Record<'count' | 'sum' | 'max', (relation: string, ...rest: unknown[]) => unknown>;

describe('a read model is refused, by its name, the path and the cure, for', () => {
  it.each(documents)('%s', (...[, config, path, cure, root]) => {
    expectRefusal(() => define(config, root), path, cure);
  });
});
