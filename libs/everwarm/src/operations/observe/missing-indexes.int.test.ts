import { createDatabase } from '@everwarm/testkit';
import { relations } from 'drizzle-orm';
import { foreignKey, integer, pgSchema, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import { expect, onTestFinished, test } from 'vitest';
import { defineList, defineReadModel } from '#model/declare/define.ts';
import { openPostgres } from '#platform/postgres.ts';
import { missingIndexes } from './missing-indexes.ts';

const forum = pgSchema('Forum');
const people = pgTable('people', { id: integer('id').primaryKey(), name: text('name').notNull() });
const topics = forum.table(
  'Topic',
  { board: text('Board').notNull(), no: integer('no').notNull(), authorId: integer('author id') },
  (t) => [primaryKey({ columns: [t.board, t.no] })],
);
const replies = forum.table(
  'Reply',
  {
    id: integer('id').primaryKey(),
    board: text('Board').notNull(),
    no: integer('no').notNull(),
    authorId: integer('author id'),
    at: timestamp('at').notNull(),
  },
  (t) => [foreignKey({ columns: [t.board, t.no], foreignColumns: [topics.board, topics.no] })],
);
const topicFields = [replies.board, replies.no] as const;
const schema = {
  people,
  topics,
  replies,
  peopleRelations: relations(people, ({ many }) => ({ topics: many(topics), replies: many(replies) })),
  topicRelations: relations(topics, ({ one, many }) => ({
    author: one(people, { fields: [topics.authorId], references: [people.id] }),
    replies: many(replies),
  })),
  replyRelations: relations(replies, ({ one }) => ({
    topic: one(topics, { fields: [...topicFields], references: [topics.board, topics.no] }),
    author: one(people, { fields: [replies.authorId], references: [people.id] }),
  })),
};
const topicPage = defineReadModel(schema, 'topics', {
  name: 'topic_page',
  with: { author: true, replies: { orderBy: (r, { desc }) => [desc(r.at)], limit: 3, with: { author: true } } },
});
const personCard = defineReadModel(schema, 'people', { name: 'person_card', aggregates: (a) => ({ last: a.max('replies', 'at') }) });
const topicsOf = defineList(topicPage, { name: 'topics_of', partitionBy: 'authorId', orderBy: (t, { asc }) => [asc(t.no)] });

const tables = `create schema "Forum"; create table people (id integer primary key, name text not null);
create table "Forum"."Topic" ("Board" text not null, no integer not null, "author id" integer, primary key ("Board", no));
create table "Forum"."Reply" (id integer primary key, "Board" text not null, no integer not null, "author id" integer, at timestamp not null)`;

async function openForum() {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const postgres = openPostgres(database.urlFor('indexes'), { max: 1 });
  onTestFinished(() => postgres.close());
  const db = postgres.transactions;
  await db.query(tables);
  const advice = async () =>
    (
      await missingIndexes(
        db,
        [topicPage, personCard, topicsOf].map((model) => model.compile()),
      )
    )
      .map(({ sql }) => sql)
      .toSorted();
  return { db, advice };
}

const wanted = {
  page: 'CREATE INDEX CONCURRENTLY ON "Forum"."Reply" ("Board", "no", "at" DESC);',
  authorOfReply: 'CREATE INDEX CONCURRENTLY ON "Forum"."Reply" ("author id");',
  last: 'CREATE INDEX CONCURRENTLY ON "Forum"."Reply" ("author id", "at" DESC);',
  authorOfTopic: 'CREATE INDEX CONCURRENTLY ON "Forum"."Topic" ("author id");',
};

test('what the ways back and the statements need is named with the statement that makes it, and no more once it is there', async () => {
  const { db, advice } = await openForum();
  const named = await advice();
  expect(named).toEqual(Object.values(wanted).toSorted());
  for (const sql of named) await db.query(sql);
  expect(await advice()).toEqual([]);
});

test('an index serves whatever the order of its leading columns and the direction in which it is read', async () => {
  const { db, advice } = await openForum();
  await db.query('create index on "Forum"."Reply" (no, "Board", at, "author id"); create index on "Forum"."Reply" ("author id", at)');
  await db.query('create index on "Forum"."Topic" using hash ("author id")');
  expect(await advice()).toEqual([]);
});

test('what does not serve does not count', async () => {
  const { db, advice } = await openForum();
  // Too few columns, in the wrong place, null placed where the order does not have it, under another collation, of rows that are not all.
  for (const index of [
    'on "Forum"."Reply" ("Board", no)',
    'on "Forum"."Reply" (at, "Board", no)',
    'on "Forum"."Reply" ("Board", no, at desc nulls last)',
    'on "Forum"."Reply" ("Board" collate "POSIX", no, at)',
    'on "Forum"."Topic" ("author id") where no > 5',
    'on "Forum"."Topic" using brin ("author id")',
    'on "Forum"."Reply" (("author id" + 0), at)',
  ])
    await db.query(`create index ${index}`);
  expect(await advice()).toEqual(Object.values(wanted).toSorted());
  await db.query('create index on "Forum"."Topic" ("author id") where "author id" is not null');
  expect(await advice()).not.toContain(wanted.authorOfTopic);
});

test('a partitioned table gets its index without CONCURRENTLY, which Postgres has not for it', async () => {
  const { db, advice } = await openForum();
  await db.query(
    `drop table "Forum"."Topic"; create table "Forum"."Topic" ("Board" text not null, no integer not null, "author id" integer, primary key ("Board", no)) partition by list ("Board")`,
  );
  expect(await advice()).toContain('CREATE INDEX ON "Forum"."Topic" ("author id");');
});
