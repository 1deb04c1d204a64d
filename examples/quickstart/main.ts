// Needs a Postgres and a Redis of its own: DATABASE_URL=… REDIS_URL=… npx tsx main.ts
import { relations } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { createEverwarm, defineReadModel } from 'everwarm';

const authors = pgTable('authors', { id: integer('id').primaryKey(), name: text('name').notNull() });
const books = pgTable('books', { id: integer('id').primaryKey(), title: text('title').notNull(), authorId: integer('author_id') });
const booksRelations = relations(books, ({ one }) => ({ author: one(authors, { fields: [books.authorId], references: [authors.id] }) }));

// The query you would have run per request. Everwarm derives from it which writes change which document.
const bookPage = defineReadModel({ authors, books, booksRelations }, 'books', {
  name: 'book_page',
  columns: { id: true, title: true },
  with: { author: { columns: { name: true } } },
});

const { DATABASE_URL = '', REDIS_URL = '' } = process.env;
const db = drizzle(DATABASE_URL);
await db.execute('create table authors (id int primary key, name text not null)');
await db.execute('create table books (id int primary key, title text not null, author_id int references authors)');

const everwarm = createEverwarm({ postgres: DATABASE_URL, redis: REDIS_URL, readModels: [bookPage] });
await everwarm.migrate();
await everwarm.start();

await db.insert(authors).values({ id: 1, name: 'Mary Ann Evans' });
await db.insert(books).values({ id: 42, title: 'Middlemarch', authorId: 1 });
await db.execute(`update authors set name = 'George Eliot'`); // any writer counts: this process, psql, a bulk load

await everwarm.settled(); // for the demonstration; an application just reads
console.log(await everwarm.reader.get(bookPage, 42));

await everwarm.stop();
await db.$client.end();
