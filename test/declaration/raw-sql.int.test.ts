import { and, eq, exists, relations, sql } from 'drizzle-orm';
import { alias, integer, pgSchema, pgTable, QueryBuilder, text } from 'drizzle-orm/pg-core';
import { defineList, defineReadModel, type ReadModel } from 'everwarm';
import { expect, test } from 'vitest';
import { openDeclared } from './open-declared.ts';

/* What stands in raw SQL inside an expression, correlated with the row: over other tables, the same table, in another schema. */

const ballot = pgSchema('Ballot Box');
const post = pgTable('post', { id: integer('id').primaryKey(), parentId: integer('parent_id'), title: text('Title').notNull() });
const vote = ballot.table('post', {
  id: integer('id').primaryKey(),
  postId: integer('post id'),
  userId: integer('user_id'),
  value: integer('value'),
});
const user = pgTable('user', { id: integer('id').primaryKey(), weight: integer('weight').notNull(), name: text('name') });
const schema = {
  post,
  vote,
  user,
  postRelations: relations(post, ({ one, many }) => ({
    votes: many(vote),
    parent: one(post, { fields: [post.parentId], references: [post.id], relationName: 'tree' }),
    replies: many(post, { relationName: 'tree' }),
  })),
  voteRelations: relations(vote, ({ one }) => ({
    post: one(post, { fields: [vote.postId], references: [post.id] }),
    user: one(user, { fields: [vote.userId], references: [user.id] }),
  })),
};

const tables = `create schema "Ballot Box";
create table post (id integer primary key, parent_id integer, "Title" text not null);
create table "Ballot Box".post (id integer primary key, "post id" integer, user_id integer, value integer);
create table "user" (id integer primary key, weight integer not null, name text);
create index on post (parent_id); create index on "Ballot Box".post ("post id");
insert into post values (1, null, 'one'), (2, 1, 'two'), (3, 1, 'three');
insert into "user" values (1, 10, 'a'), (2, 100, 'b');
insert into "Ballot Box".post values (1, 1, 1, 1), (2, 1, 2, 1)`;

const reply = alias(post, 'reply');
type Counts = { count(relation: string, options: unknown): unknown };
const above = alias(post, 'above');
const builder = new QueryBuilder();

const weighed = defineReadModel(schema, 'post', {
  name: 'weighed',
  columns: { id: true },
  reads: { votes: { with: { user: true } }, replies: true },
  where: (p) =>
    exists(
      builder
        .select({ one: sql`1` })
        .from(vote)
        .where(and(eq(vote.postId, p.id), eq(vote.value, 1))),
    ),
  extras: (p) => ({
    weight:
      sql<number>`(select coalesce(sum(${user.weight} * ${vote.value}), 0)::integer from ${vote} join ${user} on ${user.id} = ${vote.userId} where ${vote.postId} = ${p.id})`.as(
        'weight',
      ),
    echoes:
      sql<number>`(select count(*)::integer from ${post} ${reply} where ${reply.parentId} = ${p.id} and ${reply.title} <> ${p.title})`.as(
        'echoes',
      ),
  }),
});
/** Of a join table's rows by a column of the table behind it; and a nested row's expression that goes back to where it came from. */
const heavy = defineReadModel(schema, 'post', {
  name: 'heavy',
  columns: { id: true },
  aggregates: (a: Counts) => ({
    votes: a.count('votes', {
      reads: { user: true },
      where: sql`(select ${user.weight} from ${user} where ${user.id} = ${vote.userId}) > 50`,
    }),
  }),
  with: {
    replies: {
      columns: {},
      reads: { parent: true },
      extras: (r: typeof post) => ({
        to: sql<string>`(select ${above.title} from ${post} ${above} where ${above.id} = ${r.parentId})`.as('to'),
      }),
    },
  },
  // Two tables are named "post": what only one of them has is unknown to Drizzle's types of relations.
} as never) as ReadModel;
const byId = defineList(weighed, { name: 'by_id', orderBy: (p) => p.id });

test('a change of a row that only raw SQL reads changes the document', async () => {
  const { after, text: now, everwarm, pool, failures } = await openDeclared(tables, [weighed, byId, heavy]);
  const document = (weight: number, echoes: number) => `{"id":1,"weight":${weight},"echoes":${echoes}}`;
  const change = (statement: string) => after(statement, weighed, 1);
  expect(await now(weighed, 1)).toBe(document(110, 2));
  expect(await now(weighed, 2)).toBeNull();

  const nested = (votes: number, title: string) => `{"id":1,"replies":[{"to":"${title}"},{"to":"${title}"}],"votes":${votes}}`;
  expect(await now(heavy, 1)).toBe(nested(1, 'one'));
  expect(await after(`update "user" set weight = 51 where id = 1`, heavy, 1)).toBe(nested(2, 'one'));
  expect(await after(`update post set "Title" = 'won' where id = 1`, heavy, 1)).toBe(nested(2, 'won'));
  expect(await after(`update post set "Title" = 'one' where id = 1`, heavy, 1)).toBe(nested(2, 'one'));

  expect(await change(`update "user" set weight = 20 where id = 1`)).toBe(document(120, 2));
  expect(await change(`update "Ballot Box".post set value = 3 where id = 2`)).toBe(document(320, 2));
  expect(await change(`update post set "Title" = 'one' where id = 3`)).toBe(document(320, 1));
  expect(await change(`delete from post where id = 2`)).toBe(document(320, 0));
  expect(await change(`insert into post values (9, 1, 'nine')`)).toBe(document(320, 1));
  // A row moves from one document to another: both are found, and the list with them.
  expect(await change(`update "Ballot Box".post set "post id" = 9 where id = 1`)).toBeNull();
  expect(await now(weighed, 9)).toBe('{"id":9,"weight":20,"echoes":0}');
  expect((await everwarm.reader.list(byId, null, { limit: 9 })).items.map(({ id }) => id)).toEqual([9]);
  // What it does not read is not even captured.
  await pool.query('truncate everwarm.outbox');
  await pool.query(`update "user" set name = 'c'`);
  expect((await pool.query('select from everwarm.outbox')).rowCount).toBe(0);
  for (const model of [weighed, byId, heavy]) expect(await everwarm.verify(model)).toMatchObject({ differing: 0, findings: [] });
  expect(failures).toEqual([]);
});
