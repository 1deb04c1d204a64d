import { relations, sql } from 'drizzle-orm';
import { boolean, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { defineReadModel, type ReadModel } from 'everwarm';
import { expect, test } from 'vitest';
import { openDeclared } from './open-declared.ts';

const person = pgTable('person', {
  id: integer('id').primaryKey(),
  name: text('name').notNull(),
  hidden: boolean('hidden').notNull(),
  townId: integer('town_id'),
});
const town = pgTable('town', { id: integer('id').primaryKey(), name: text('name').notNull() });
const book = pgTable('book', { id: integer('id').primaryKey(), title: text('title').notNull(), ownerId: integer('owner_id').notNull() });
const writes = pgTable('writes', { personId: integer('person_id'), bookId: integer('book_id') }, (t) => [
  primaryKey({ columns: [t.personId, t.bookId] }),
]);
const schema = {
  person,
  town,
  book,
  writes,
  personRelations: relations(person, ({ one, many }) => ({
    town: one(town, { fields: [person.townId], references: [town.id] }),
    owns: many(book),
    writes: many(writes),
  })),
  townRelations: relations(town, ({ many }) => ({ people: many(person) })),
  bookRelations: relations(book, ({ one, many }) => ({
    owner: one(person, { fields: [book.ownerId], references: [person.id] }),
    writes: many(writes),
  })),
  writesRelations: relations(writes, ({ one }) => ({
    person: one(person, { fields: [writes.personId], references: [person.id] }),
    book: one(book, { fields: [writes.bookId], references: [book.id] }),
  })),
};

const tables = `create table person (id integer primary key, name text not null, hidden boolean not null, town_id integer);
create table town (id integer primary key, name text not null);
create table book (id integer primary key, title text not null, owner_id integer not null);
create table writes (person_id integer, book_id integer, primary key (person_id, book_id));
create index on person (town_id); create index on book (owner_id); create index on writes (book_id);
insert into town values (1, 'Here'), (2, 'There');
insert into person values (1, 'Ann', false, 1), (2, 'Bob', true, 1), (3, 'Cid', false, 2);
insert into book values (10, 'Ten', 1), (11, 'Eleven', 1), (12, 'Twelve', 2);
insert into writes values (1, 10), (2, 10), (3, 10), (3, 12)`;

// Declared after those that embed it, as in another file that is loaded later.
const shelf = defineReadModel(schema, 'town', {
  name: 'shelf',
  columns: { name: true },
  with: { people: { model: () => personCard, orderBy: (p, { desc }) => desc(p.name), where: (p, { ne }) => ne(p.name, 'Cid'), limit: 5 } },
});
const bookCard = defineReadModel(schema, 'book', {
  name: 'book_card',
  columns: { title: true },
  with: { owner: () => personCard },
  through: { authors: { via: 'writes', to: 'person', model: () => personCard, orderBy: (p) => p.name } },
});
const personCard = defineReadModel(schema, 'person', {
  name: 'person_card',
  where: (p, { eq }) => eq(p.hidden, false),
  columns: { name: true },
  with: { town: { columns: { name: true } } },
  extras: (p) => ({ loud: sql<string>`upper(${p.name})`.as('loud') }),
  aggregates: (a) => ({ owned: a.count('owns') }),
});
/** A diamond: the same person by two ways and two models. */
const town2 = defineReadModel(schema, 'town', {
  name: 'town_books',
  columns: { id: true },
  with: { people: { columns: { id: true }, with: { town: true, owns: bookCard } } },
});

test('an embedded model shows what it would show alone, decides which rows are shown, and changes at once in all places', async () => {
  const models: ReadModel[] = [shelf, bookCard, personCard, town2];
  const { after, text: now, everwarm, failures } = await openDeclared(tables, models);
  const ann = (name: string, owned = 2) => `{"name":"${name}","loud":"${name.toUpperCase()}","town":{"name":"Here"},"owned":${owned}}`;
  const cid = '{"name":"Cid","loud":"CID","town":{"name":"There"},"owned":0}';
  expect(await now(personCard, 1)).toBe(ann('Ann'));
  expect(await now(shelf, 1)).toBe(`{"name":"Here","people":[${ann('Ann')}]}`);
  expect(await now(bookCard, 10)).toBe(`{"title":"Ten","owner":${ann('Ann')},"authors":[${ann('Ann')},${cid}]}`);
  expect(await now(bookCard, 12), 'an owner without a document').toBe(`{"title":"Twelve","owner":null,"authors":[${cid}]}`);

  expect(await after(`update person set name = 'Ada' where id = 1`, bookCard, 10)).toBe(
    `{"title":"Ten","owner":${ann('Ada')},"authors":[${ann('Ada')},${cid}]}`,
  );
  expect(await now(shelf, 1)).toBe(`{"name":"Here","people":[${ann('Ada')}]}`);
  expect(await after('delete from book where id = 11', bookCard, 10)).toBe(
    `{"title":"Ten","owner":${ann('Ada', 1)},"authors":[${ann('Ada', 1)},${cid}]}`,
  );
  expect(await after('update person set hidden = not hidden where id < 3', bookCard, 10)).toBe(
    `{"title":"Ten","owner":null,"authors":[{"name":"Bob","loud":"BOB","town":{"name":"Here"},"owned":1},${cid}]}`,
  );
  expect(await now(personCard, 1)).toBeNull();
  await after(`update town set name = 'Nowhere' where id = 1`, town2, 1);
  for (const model of models) expect(await everwarm.verify(model)).toMatchObject({ differing: 0, findings: [] });
  expect(failures).toEqual([]);
});

test('a forward reference is judged when it is put to use', () => {
  // Types would have to be written out for a circle; code without them can have one.
  const circle: { model?: ReadModel } = {};
  const a = defineReadModel(schema, 'person', { name: 'a', columns: { id: true }, with: { owns: () => b } });
  const b = defineReadModel(schema, 'book', {
    name: 'b',
    columns: { id: true },
    with: { owner: () => circle.model as typeof a },
  } as never) as ReadModel as typeof bookCard;
  circle.model = a;
  expect(() => a.compile()).toThrow(/^a\.owns\.owner embeds read models in a circle: a → b → a\./);
  expect(() => b.compile()).toThrow(/^b\.owner\.owns embeds read models in a circle: b → a → b\./);
});
