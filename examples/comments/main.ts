// A threaded discussion whose comments are there for the next reader. Needs DATABASE_URL and REDIS_URL of its own.
import { relations } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { type AnyPgColumn, integer, pgEnum, pgTable, text } from 'drizzle-orm/pg-core';
import { createEverwarm, defineReadModel } from 'everwarm';

const state = pgEnum('comment_state', ['pending', 'shown', 'hidden']);
const people = pgTable('people', { id: integer('id').primaryKey(), name: text('name').notNull() });
const pages = pgTable('pages', { path: text('path').primaryKey(), title: text('title').notNull() });
const comments = pgTable('comments', {
  id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
  path: text('path').notNull(),
  parentId: integer('parent_id').references((): AnyPgColumn => comments.id),
  personId: integer('person_id').notNull(),
  body: text('body').notNull(),
  state: state('state').notNull(),
});
const schema = {
  people,
  pages,
  comments,
  pagesRelations: relations(pages, ({ many }) => ({ comments: many(comments) })),
  commentsRelations: relations(comments, ({ one, many }) => ({
    page: one(pages, { fields: [comments.path], references: [pages.path] }),
    person: one(people, { fields: [comments.personId], references: [people.id] }),
    parent: one(comments, { fields: [comments.parentId], references: [comments.id], relationName: 'replies' }),
    replies: many(comments, { relationName: 'replies' }),
  })),
};

// A thread is as deep as it is written: comments, replies, and replies to those.
const discussion = defineReadModel(schema, 'pages', {
  name: 'discussion',
  columns: { title: true },
  with: {
    comments: {
      columns: { body: true },
      where: (c, { and, eq, isNull }) => and(eq(c.state, 'shown'), isNull(c.parentId)),
      orderBy: (c) => c.id,
      with: {
        person: { columns: { name: true } },
        replies: {
          columns: { body: true },
          where: (c, { eq }) => eq(c.state, 'shown'),
          orderBy: (c) => c.id,
          with: {
            person: { columns: { name: true } },
            replies: {
              columns: { body: true },
              where: (c, { eq }) => eq(c.state, 'shown'),
              orderBy: (c) => c.id,
              with: { person: { columns: { name: true } } },
            },
          },
        },
      },
    },
  },
  aggregates: (a) => ({ shown: a.count('comments', { where: (c, { eq }) => eq(c.state, 'shown') }) }),
});

const { DATABASE_URL = '', REDIS_URL = '' } = process.env;
const db = drizzle(DATABASE_URL);
await db.execute(`
  create type comment_state as enum ('pending', 'shown', 'hidden');
  create table people (id integer primary key, name text not null);
  create table pages (path text primary key, title text not null);
  create table comments (id integer primary key generated always as identity, path text not null references pages on update cascade,
    parent_id integer references comments on delete cascade, person_id integer not null references people, body text not null,
    state comment_state not null);
  create index on comments (path, id);
  create index on comments (parent_id, id);
  create index on comments (person_id)`);

const everwarm = createEverwarm({ postgres: DATABASE_URL, redis: REDIS_URL, readModels: [discussion] });
await everwarm.migrate();
await everwarm.start();

type Thread = { readonly body: string; readonly person: { readonly name: string } | null; readonly replies?: readonly Thread[] };
const lines = (threads: readonly Thread[], depth = 1): string[] =>
  threads.flatMap(({ body, person, replies = [] }) => [`${'  '.repeat(depth)}${person?.name}: ${body}`, ...lines(replies, depth + 1)]);
const print = async (what: string, path = '/soup?lang=fr') => {
  await everwarm.settled(); // everything committed so far is readable when this resolves
  const page = await everwarm.reader.get(discussion, path);
  console.log([`${what}: ${page ? `${page.title}, ${page.shown} shown` : 'no page'}`, ...lines(page?.comments ?? [])].join('\n'));
};
const say = async (personId: number, body: string, parentId: number | null, shown: 'pending' | 'shown' = 'shown') => {
  const [row] = await db.insert(comments).values({ path: '/soup?lang=fr', personId, body, parentId, state: shown }).returning();
  return row?.id ?? 0;
};

await db.insert(people).values([
  { id: 1, name: 'Io' },
  { id: 2, name: 'Max' },
]);
await db.insert(pages).values({ path: '/soup?lang=fr', title: 'Onion soup' });
const question = await say(1, 'How long?', null);
await say(1, 'And which onions?', await say(2, 'An hour. "Low" heat \\o/', question));
const advert = await say(2, 'Buy pans!', null, 'pending');
await print('said');

await db.execute(`update comments set state = 'shown' where id = ${advert}; update people set name = 'Maxine' where id = 2`);
await print('approved and renamed');

await db.execute(`update comments set parent_id = ${question} where id = ${advert}`);
await print('moved below the question');

await db.execute(`delete from comments where id = ${question}`);
await print('deleted with its replies');

await db.execute(`update pages set path = '/soup' where title = 'Onion soup'`);
await print('the old path');
await print('the new path', '/soup');

console.log(`differing: ${(await everwarm.verify(discussion)).differing}`);
await everwarm.stop();
await db.$client.end();
