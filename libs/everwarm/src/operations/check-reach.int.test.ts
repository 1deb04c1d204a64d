import { createDatabase } from '@everwarm/testkit';
import { asc, eq, exists, relations, type SQL, sql } from 'drizzle-orm';
import { alias, integer, json, pgTable, QueryBuilder, text, timestamp } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EverwarmError } from '#contracts/errors.ts';
import { defineReadModel } from '#model/declare/define.ts';
import { openPostgres, type Postgres } from '#platform/postgres.ts';
import { checkReach } from './check-reach.ts';

/* What only the database knows of a definition: raw text inside expressions, functions, what a name stands for. */

const post = pgTable('Post', {
  id: integer('id').primaryKey(),
  parentId: integer('parent_id'),
  title: text('Title'),
  secret: text('secret'),
  at: timestamp('at'),
});
const vote = pgTable('vote', { id: integer('id').primaryKey(), postId: integer('post_id'), value: integer('value'), extra: json('extra') });
const schema = {
  post,
  vote,
  postRelations: relations(post, ({ one, many }) => ({
    votes: many(vote),
    parent: one(post, { fields: [post.parentId], references: [post.id], relationName: 'tree' }),
    replies: many(post, { relationName: 'tree' }),
  })),
  voteRelations: relations(vote, ({ one }) => ({ post: one(post, { fields: [vote.postId], references: [post.id] }) })),
};

const tables = `create table "Post" (id integer primary key, parent_id integer, "Title" text, secret text, at timestamp);
create table vote (id integer primary key, post_id integer, value integer, extra json);
create view best as select post_id, value from vote;
create function peek(integer) returns text language sql immutable as 'select secret from "Post" where id = $1';
create function same(text, text) returns boolean language sql immutable as 'select $1 = $2';
create operator === (leftarg = text, rightarg = text, function = same)`;

let postgres: Postgres;
let drop: () => Promise<void>;
beforeAll(async () => {
  const database = await createDatabase();
  await database.pool.query(tables);
  postgres = openPostgres(database.urlFor('check reach'), { max: 2 });
  drop = () => database.drop();
});
afterAll(async () => {
  await postgres?.close();
  await drop?.();
});

type Post = typeof post;
type Reads = { [relation: string]: unknown };
const other = alias(post, 'other');
const builder = new QueryBuilder();

const check = (expression: (p: Post) => SQL, reads?: Reads) =>
  checkReach(
    postgres.transactions,
    defineReadModel(schema, 'post', {
      name: 'm',
      columns: { id: true },
      extras: (p: Post) => ({ x: expression(p).as('x') }),
      ...(reads && { reads }),
    } as never).compile(),
  );

type Case = [what: string, expression: (p: Post) => SQL, message: RegExp, reads?: Reads];
const votes = { votes: { columns: { value: true } } };

const refusals: Case[] = [
  ['a function of the user’s own', (p) => sql`peek(${p.id})`, /calls the function public\.peek, .*built-in/],
  ['an operator of the user’s own', (p) => sql`${p.title} === 'x'`, /calls the operator public\.===/],
  ['a volatile function', (p) => sql`${p.id} + random()`, /uses random, which is not immutable.*stored column/],
  ['a function that depends on the session', (p) => sql`to_char(${p.at}, 'TMMonth')`, /uses to_char, which is not immutable/],
  [
    'a column in raw text that is not watched',
    () => sql`"t0"."secret"`,
    /the column "secret" of public\.Post in raw SQL.*callback's columns/,
  ],
  ['a whole row', () => sql`"t0"::text`, /a whole row/],
  ['a table in raw text', () => sql`(select count(*) from vote)`, /reads public\.vote in raw SQL.*reads: \{ relation/],
  ['its own table in raw text', () => sql`(select count(*) from "Post")`, /reads public\.Post in raw SQL.*reads: \{.*alias\(\)/],
  [
    'another table than the declared one',
    () => sql`(select max("Title") from "Post")`,
    /reads the column "Title" of public\.Post|reads public\.Post/,
    votes,
  ],
  ['a view over a declared table', () => sql`(select count(*) from best)`, /reads public\.best/, votes],
  [
    'a column of a declared table that is not named',
    (p) => sql`(select count(v.extra) from vote v where v.post_id = ${p.id})`,
    /the column "extra" of public\.vote.*"columns" under "reads"/,
    votes,
  ],
  ['a whole row of a declared table', (p) => sql`(select count(v) from vote v where v.post_id = ${p.id})`, /a whole row/, votes],
  [
    'a limit without an order',
    (p) => sql`(select value from ${vote} where ${vote.postId} = ${p.id} limit 1)`,
    /uses limit or offset without an order.*primary key/,
    votes,
  ],
  [
    'an aggregate whose order is anybody’s',
    (p) => sql`(select array_agg(${vote.value}) from ${vote} where ${vote.postId} = ${p.id})`,
    /uses array_agg without an order/,
    votes,
  ],
  ['a sample', () => sql`(select count(*) from ${vote} tablesample system (10))`, /tablesample|uses system/, votes],
  [
    'an alias that is no table of the query',
    (p) => sql`(select count(*) from ${vote} where ${other.parentId} = ${p.id})`,
    /is not valid in this database/,
    { ...votes, replies: true },
  ],
  ['what is no SQL', (p) => sql`${p.id} +`, /m\.extras\.x is not valid in this database: syntax error/],
];

const accepted: [what: string, expression: (p: Post) => SQL, reads?: Reads][] = [
  ['built-in functions of its own row', (p) => sql`upper(coalesce(${p.title}, ''))`],
  [
    'a table that it declares to read',
    (p) => sql`(select sum(${vote.value}) from ${vote} where ${vote.postId} = ${p.id})`,
    { votes: true },
  ],
  [
    'raw text over a table that it declares to read',
    (p) => sql`exists (select 1 from vote v where v.post_id = ${p.id} and v.value > 1)`,
    votes,
  ],
  [
    'other rows of its own table',
    (p) => sql`(select max(${other.title}) from ${post} ${other} where ${other.parentId} = ${p.id})`,
    { replies: true },
  ],
  ['a query of the builder', (p) => exists(builder.select({ one: sql`1` }).from(vote).where(eq(vote.postId, p.id))), { votes: true }],
  [
    'a query of the builder over its own table',
    (p) => exists(builder.select({ one: sql`1` }).from(other).where(eq(other.parentId, p.id))),
    { replies: true },
  ],
  [
    'a query with a query inside it',
    (p) => {
      const inner = builder
        .select({ value: vote.value })
        .from(vote)
        .where(eq(vote.postId, p.id))
        .orderBy(asc(vote.id))
        .limit(2)
        .as('inner');
      return sql`(select count(*) from ${inner})`;
    },
    votes,
  ],
  [
    'a limit with an order',
    (p) => sql`(select ${vote.value} from ${vote} where ${vote.postId} = ${p.id} order by ${vote.id} limit 1)`,
    votes,
  ],
  [
    'an aggregate with an order',
    (p) => sql`(select array_agg(${vote.value} order by ${vote.id}) from ${vote} where ${vote.postId} = ${p.id})`,
    votes,
  ],
];

describe('what the catalogue shows to be beyond reach is refused, by place and cure:', () => {
  it.each(refusals)('%s', async (...[, expression, message, reads]) => {
    const error: unknown = await check(expression, reads).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(EverwarmError);
    expect(error).toMatchObject({ code: 'E_DEFINITION', context: { path: 'm.extras.x' } });
    expect((error as EverwarmError).message).toMatch(message);
  });
});

describe('what can be followed is accepted:', () => {
  it.each(accepted)('%s', async (...[, expression, reads]) => {
    await check(expression, reads);
  });
});

describe('a dependency that got lost is found, whichever it is:', () => {
  const model = defineReadModel(schema, 'post', {
    name: 'm',
    columns: { id: true },
    reads: { votes: true },
    where: (p) => exists(builder.select({ one: sql`1` }).from(vote).where(eq(vote.postId, p.id))),
    with: { parent: { columns: { title: true }, with: { votes: { columns: { value: true } } } } },
  }).compile();

  it('none is missing', async () => {
    await checkReach(postgres.transactions, model);
    expect(model.dependencies.map(({ path }) => path)).toEqual(['m', 'm.reads.votes', 'm.parent', 'm.parent.votes']);
  });

  it.each(['Post', 'vote'])('those on %s', async (table) => {
    const dependencies = model.dependencies.filter(({ table: { name } }) => name !== table);
    await expect(checkReach(postgres.transactions, { ...model, dependencies })).rejects.toThrow(`reads public.${table} in raw SQL`);
  });

  it.each(model.dependencies.flatMap(({ table, columns }) => columns.map((column) => [table.name, column] as const)))(
    'the column of %s %s',
    async (table, column) => {
      const dependencies = model.dependencies.map((one) =>
        one.table.name === table ? { ...one, columns: one.columns.filter((name) => name !== column) } : one,
      );
      await expect(checkReach(postgres.transactions, { ...model, dependencies })).rejects.toThrow(
        `reads the column "${column}" of public.${table}`,
      );
    },
  );
});
