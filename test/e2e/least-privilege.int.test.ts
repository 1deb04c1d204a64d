import { createDatabase, createRedis } from '@everwarm/testkit';
import { relations } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { createEverwarm, defineList, defineReadModel } from 'everwarm';
import { expect, it } from 'vitest';

const shelves = pgTable('shelves', { id: integer('id').primaryKey(), name: text('name').notNull() });
const books = pgTable('books', { id: integer('id').primaryKey(), shelfId: integer('shelf_id').notNull(), title: text('title').notNull() });
const schema = {
  shelves,
  books,
  shelfRelations: relations(shelves, ({ many }) => ({ books: many(books) })),
  bookRelations: relations(books, ({ one }) => ({ shelf: one(shelves, { fields: [books.shelfId], references: [shelves.id] }) })),
};
const shelf = defineReadModel(schema, 'shelves', { name: 'shelf', with: { books: true } });
const allShelves = defineList(shelf, { name: 'all_shelves', orderBy: (s, { asc }) => [asc(s.id)] });

it('an owner migrates, and a role that may only read the tables keeps the read models', async () => {
  const [database, redis] = await Promise.all([createDatabase(), createRedis()]);
  const role = `runtime_${database.name}`;
  await database.pool.query(`create role ${role} login password 'runtime'`);
  await database.pool.query(`create table shelves (id integer primary key, name text not null);
create table books (id integer primary key, shelf_id integer not null references shelves, title text not null);
create index on books (shelf_id); insert into shelves values (1, 'first')`);
  const runtime = new URL(database.urlFor('runtime'));
  runtime.username = role;
  runtime.password = 'runtime';
  const everwarm = createEverwarm({
    postgres: runtime.href,
    ownerUrl: database.urlFor('owner'),
    redis: redis.url,
    readModels: [shelf, allShelves],
  });
  try {
    await everwarm.migrate();
    await everwarm.start();
    await database.pool.query(`insert into books values (1, 1, 'A book')`);
    await database.pool.query(`insert into shelves values (2, 'second')`);
    await everwarm.settled({ timeoutMs: 20_000 });
    expect(await everwarm.reader.get(shelf, 1)).toEqual({ id: 1, name: 'first', books: [{ id: 1, shelfId: 1, title: 'A book' }] });
    expect((await everwarm.reader.list(allShelves)).items).toHaveLength(2);
    expect(await everwarm.verify(shelf)).toMatchObject({ checked: 2, differing: 0, inFlight: 0 });
    await database.pool.query(`delete from everwarm.projection_1 where key = '1'`);
    await everwarm.touch(shelf, [1]);
    await everwarm.settled({ timeoutMs: 20_000 });
    expect((await database.pool.query(`select from everwarm.shelf where key = '1'`)).rowCount).toBe(1);
    const rights = await database.pool.query(
      `select has_table_privilege($1, 'books', 'insert') as writes, has_schema_privilege($1, 'everwarm', 'create') as creates`,
      [role],
    );
    expect(rights.rows).toEqual([{ writes: false, creates: false }]);
  } finally {
    await everwarm.stop();
    await redis.stop();
    await database.pool.query(`drop owned by ${role}`);
    await database.pool.query(`drop role ${role}`);
    await database.drop();
  }
});
