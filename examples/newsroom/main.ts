// A newsroom: articles have versions, one of them is current, and some appear at a set hour. Needs DATABASE_URL and REDIS_URL of its own.
import { setTimeout as pause } from 'node:timers/promises';
import { relations, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import { createEverwarm, defineList, defineReadModel } from 'everwarm';

const desk = pgSchema('News Desk');
const articles = desk.table('Article', {
  id: integer('Id').primaryKey(),
  section: text('Section').notNull(),
  current: integer('Current'),
  appears: timestamp('Appears', { withTimezone: true }).notNull(),
});
const versions = desk.table(
  'Version',
  {
    articleId: integer('Article').notNull(),
    number: integer('No.').notNull(),
    headline: text('Headline').notNull(),
    text: text('Text').notNull(),
    editor: text('Editor').notNull(),
  },
  (t) => [primaryKey({ columns: [t.articleId, t.number] })],
);
const schema = {
  articles,
  versions,
  articlesRelations: relations(articles, ({ one, many }) => ({
    current: one(versions, { fields: [articles.id, articles.current], references: [versions.articleId, versions.number] }),
    versions: many(versions, { relationName: 'history' }),
  })),
  versionsRelations: relations(versions, ({ one }) => ({
    article: one(articles, { fields: [versions.articleId], references: [articles.id], relationName: 'history' }),
  })),
};

// An article that has not appeared has no document; the hour alone brings it, with no write and no cron job.
const article = defineReadModel(schema, 'articles', {
  name: 'article',
  columns: { section: true },
  where: (a, { lte }) => lte(a.appears, sql`now()`),
  with: {
    current: { columns: { number: true, headline: true, text: true } },
    versions: { columns: { number: true, editor: true }, orderBy: (v, { desc }) => desc(v.number), limit: 3 },
  },
  aggregates: (a) => ({ edits: a.count('versions') }),
});

const section = defineList(article, {
  name: 'section',
  partitionBy: 'section',
  orderBy: (a, { desc }) => [desc(a.appears), desc(a.id)],
});

const { DATABASE_URL = '', REDIS_URL = '' } = process.env;
const db = drizzle(DATABASE_URL);
await db.execute(`
  create schema "News Desk";
  create table "News Desk"."Article" ("Id" integer primary key, "Section" text not null, "Current" integer, "Appears" timestamptz not null);
  create table "News Desk"."Version" ("Article" integer not null references "News Desk"."Article" on delete cascade, "No." integer not null,
    "Headline" text not null, "Text" text not null, "Editor" text not null, primary key ("Article", "No."));
  create index on "News Desk"."Article" ("Section", "Appears" desc, "Id" desc)`);

const everwarm = createEverwarm({ postgres: DATABASE_URL, redis: REDIS_URL, readModels: [article, section] });
await everwarm.migrate();
await everwarm.start();
const print = async (what: string) => {
  await everwarm.settled();
  const { items } = await everwarm.reader.list(section, 'city', { limit: 10 });
  console.log(
    `${what}: ${items.map(({ current, edits }) => `"${current?.headline}" (version ${current?.number} of ${edits})`).join(', ') || 'nothing'}`,
  );
};
const edit = (articleId: number, number: number, headline: string, editor: string) =>
  db.transaction(async (tx) => {
    await tx.insert(versions).values({ articleId, number, headline, editor, text: `${headline}, in full.` });
    await tx.execute(`update "News Desk"."Article" set "Current" = ${number} where "Id" = ${articleId}`);
  });

await db.insert(articles).values({ id: 1, section: 'city', current: null, appears: new Date('2026-01-01T06:00:00Z') });
await edit(1, 1, 'Bridge closed', 'Noor');
await edit(1, 2, 'Bridge closed for a week', 'Noor');
await print('edited');

// Back to the first version: one column of one row.
await db.execute(`update "News Desk"."Article" set "Current" = 1 where "Id" = 1`);
await print('taken back');

await db.insert(articles).values({ id: 2, section: 'city', current: null, appears: new Date(Date.now() + 2000) });
await edit(2, 1, 'Bridge opens', 'Ilse');
console.log('under embargo:', await everwarm.reader.get(article, 2));
while ((await everwarm.reader.get(article, 2)) === null) await pause(50);
await print('the hour has come');

await db.execute(
  `delete from "News Desk"."Version" where "No." = 2; update "News Desk"."Article" set "Section" = 'archive' where "Id" = 1`,
);
await print('archived');
console.log(await everwarm.reader.get(article, 1));

const checked = await Promise.all([article, section].map((model) => everwarm.verify(model)));
console.log(`differing: ${checked.reduce((sum, { differing }) => sum + differing, 0)}`);
await everwarm.stop();
await db.$client.end();
