import { relations, sql } from 'drizzle-orm';
import { boolean, customType, geometry, integer, json, pgTable, pgView, primaryKey, real, text, timestamp } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { EverwarmError } from '#contracts/errors.ts';
import { defineList, defineReadModel } from './define.ts';

const money = customType<{ data: string }>({ dataType: () => 'money' });

const book = pgTable('book', {
  id: integer('id').primaryKey(),
  title: text('title').notNull(),
  shelfId: integer('shelf_id'),
  place: geometry('place'),
  price: money('price'),
  isNew: boolean('is_new'),
  extra: json('extra'),
  size: real('size'),
});
const shelf = pgTable('shelf', { id: integer('id').primaryKey(), opened: timestamp('opened') });
const log = pgTable('log', { line: text('line'), bookId: integer('book_id') });
const measured = pgTable('measured', { at: timestamp('at').primaryKey(), bookId: integer('book_id') });
const loan = pgTable('loan', { bookId: integer('book_id'), no: integer('no') }, (t) => [primaryKey({ columns: [t.bookId, t.no] })]);
const seen = pgView('seen', { id: integer('id') }).as(sql`select 1 as id`);

const schema = {
  book,
  shelf,
  log,
  measured,
  loan,
  seen,
  bookRelations: relations(book, ({ one, many }) => ({
    shelf: one(shelf, { fields: [book.shelfId], references: [shelf.id] }),
    log: many(log),
    loans: many(loan),
    half: many(measured),
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
const listed = (config: Config) => defineList(item, { name: 'l', orderBy: (b: typeof book) => b.id, ...config } as never);

function refusal(action: () => unknown): EverwarmError {
  try {
    action();
  } catch (error) {
    if (error instanceof EverwarmError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

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
  ['a table in where', { where: () => sql`${book} is not null` }, 'm.where', /contains a table.* Reach other tables by relations/],
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
  [
    'a sum of text',
    { aggregates: (a: Builder) => ({ n: a.sum('books', 'title') }) },
    'm.n',
    /Use a column of integers or numerics\.$/,
    'shelf',
  ],
  [
    'a sum of floats',
    { aggregates: (a: Builder) => ({ n: a.sum('books', 'size') }) },
    'm.n',
    /Use a column of integers or numerics\.$/,
    'shelf',
  ],
  ['a maximum of json', { aggregates: (a: Builder) => ({ n: a.max('books', 'extra') }) }, 'm.n', /texts, dates or times/, 'shelf'],
  ['through without a way', { through: { x: { via: 'loans' } } }, 'm.x', /Give both/],
  ['through a single row', { through: { x: { via: 'shelf', to: 'books' } } }, 'm.x', /single row of "shelf"/],
  ['through an unknown relation', { through: { x: { via: 'loans', to: 'nope' } } }, 'm.x', /Declare it with relations/],
];

type Builder = Record<'count' | 'sum' | 'max', (relation: string, ...rest: unknown[]) => unknown>;

const lists: [what: string, config: Config, path: string, cure: RegExp][] = [
  ['no order', { orderBy: undefined }, 'l', /Name at least one column/],
  ['an empty order', { orderBy: () => [] }, 'l', /Name at least one column/],
  ['an order by text', { orderBy: (b: typeof book) => b.title }, 'l.orderBy[0]', /"title" of type text.* Use an integer/],
  ['an order by an expression', { orderBy: (b: typeof book) => [b.id, sql`${b.id} % 2`] }, 'l.orderBy[1]', /Order by plain columns/],
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

describe('a read model is refused, by its name, the path and the cure, for', () => {
  it.each(documents)('%s', (...[, config, path, cure, root]) => {
    const error = refusal(() => define(config, root));
    expect(error.code).toBe('E_DEFINITION');
    expect(error.context).toEqual({ path });
    expect(error.message.startsWith(`${path} `)).toBe(true);
    expect(error.message).toMatch(cure);
  });
});

describe('a list is refused, by its name, the path and the cure, for', () => {
  it.each(lists)('%s', (_, config, path, cure) => {
    const error = refusal(() => listed(config));
    expect(error.code).toBe('E_DEFINITION');
    expect(error.message.startsWith(`${path} `)).toBe(true);
    expect(error.message).toMatch(cure);
  });
});

describe('names', () => {
  it.each(['', 'Posts', 'post-detail', '1st', 'a b', 'a;b', 'é', 'x'.repeat(49), undefined, 7])('that are none are refused: %j', (name) => {
    const error = refusal(() => define({ name }));
    expect(error.code).toBe('E_DEFINITION');
    expect(error.message).toMatch(/is not a name for a read model. Use lower-case letters/);
    expect(refusal(() => listed({ name })).message).toBe(error.message);
  });

  it.each(['ledger', 'outbox', 'outbox_0', 'generations', 'migrations', 'projection_1', 'capture_x'])(
    'the engine uses are refused: %s',
    (name) => {
      expect(refusal(() => define({ name })).message).toBe(`${name} is a name the engine uses itself. Choose another.`);
    },
  );

  it.each(['a', 'post_detail', 'x'.repeat(48), 'a1_2'])('of lower-case letters, digits and underscores are taken: %s', (name) => {
    expect(define({ name, columns: { id: true } }).name).toBe(name);
  });
});
