import { relations, sql } from 'drizzle-orm';
import { bigint, boolean, date, integer, jsonb, numeric, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import type { KeyInput } from '#contracts/key.ts';
import type { Reader } from '../../stages/read/reader.ts';
import { defineList, defineReadModel, type ListModel, type ReadModel } from './define.ts';
import { defineSqlReadModel } from './define-sql.ts';

/*
 * What the compiler says of declarations: the type of a document in its JSON form, and every name that does not exist. Checked
 * by tsc, never run.
 */

const user = pgTable('user', { id: integer('id').primaryKey(), name: text('name').notNull(), born: date('born', { mode: 'date' }) });
const post = pgTable('post', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  authorId: integer('author_id').notNull(),
  editorId: integer('editor_id'),
  title: text('title').notNull(),
  score: numeric('score').notNull(),
  meta: jsonb('meta').$type<{ at: Date; tags: string[] }>().notNull(),
  publishedAt: timestamp('published_at'),
  pinned: boolean('pinned').notNull(),
});
const tag = pgTable('tag', { id: uuid('id').primaryKey(), label: text('label').notNull() });
const postTag = pgTable(
  'post_tag',
  { postId: bigint('post_id', { mode: 'bigint' }).notNull(), tagId: uuid('tag_id').notNull(), weight: integer('weight') },
  (t) => [primaryKey({ columns: [t.postId, t.tagId] })],
);
const schema = {
  user,
  post,
  tag,
  postTag,
  userRelations: relations(user, ({ many }) => ({
    posts: many(post, { relationName: 'author' }),
    edited: many(post, { relationName: 'editor' }),
  })),
  postRelations: relations(post, ({ one, many }) => ({
    author: one(user, { fields: [post.authorId], references: [user.id], relationName: 'author' }),
    editor: one(user, { fields: [post.editorId], references: [user.id], relationName: 'editor' }),
    postTags: many(postTag),
  })),
  tagRelations: relations(tag, ({ many }) => ({ postTags: many(postTag) })),
  postTagRelations: relations(postTag, ({ one }) => ({
    post: one(post, { fields: [postTag.postId], references: [post.id] }),
    tag: one(tag, { fields: [postTag.tagId], references: [tag.id] }),
  })),
};

/** Alike at every depth, whatever the types are composed of; `any` is like nothing else. */
type Same<Left, Right> = Identical<Plain<Left>, Plain<Right>>;
type Plain<T> = T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type Identical<Left, Right> = (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;
type DocumentOf<Model> = Model extends ReadModel<infer Doc> ? Doc : Model extends ListModel<infer Doc> ? Doc : never;
type KeyOf<Model> = Model extends ReadModel<unknown, infer Key> ? Key : never;
declare function holds<Claim extends true>(): Claim;

const detail = defineReadModel(schema, 'post', {
  name: 'detail',
  columns: { id: true, title: true, score: true, meta: true, publishedAt: true },
  where: (p, { isNotNull }) => isNotNull(p.publishedAt),
  extras: (p) => ({ loud: sql<string>`upper(${p.title})`.as('loud') }),
  with: {
    author: { columns: { name: true, born: true } },
    editor: { columns: { name: true } },
    postTags: { columns: { weight: true }, with: { tag: true }, limit: 3 },
  },
  through: { tags: { via: 'postTags', to: 'tag', columns: { label: true }, orderBy: (t, { asc }) => asc(t.label) } },
  aggregates: (a) => ({
    tagCount: a.count('postTags'),
    weight: a.sum('postTags', 'weight'),
    mean: a.avg('postTags', 'weight'),
    heaviest: a.max('postTags', 'weight'),
  }),
});

/** Dates and bigints are text, json is what its type becomes, a relation by a nullable column may be null. */
type Detail = {
  id: string;
  title: string;
  score: string;
  meta: { at: string; tags: string[] };
  publishedAt: string | null;
  loud: string;
  author: { name: string; born: string | null };
  editor: { name: string } | null;
  postTags: { weight: number | null; tag: { id: string; label: string } }[];
  tags: { label: string }[];
  tagCount: number;
  weight: number;
  mean: string | null;
  heaviest: number | null;
};
holds<Same<DocumentOf<typeof detail>, Detail>>();
holds<Same<KeyOf<typeof detail>, bigint>>();

const whole = defineReadModel(schema, 'postTag', { name: 'whole' });
holds<Same<DocumentOf<typeof whole>, { postId: string; tagId: string; weight: number | null }>>();

const list = defineList(detail, {
  name: 'list',
  partitionBy: ['postTags', 'tagId'],
  orderBy: (p, { desc }) => [desc(p.publishedAt), desc(p.id)],
});
holds<Same<DocumentOf<typeof list>, Detail>>();
defineList(detail, { name: 'list', partitionBy: 'authorId', where: (p, { eq }) => eq(p.pinned, true), orderBy: (p) => p.id });

// Names that do not exist, at every place where one can stand.
// @ts-expect-error no such table
defineReadModel(schema, 'posts', { name: 'm' });
// @ts-expect-error relations are no table
defineReadModel(schema, 'postRelations', { name: 'm' });
// @ts-expect-error no name
defineReadModel(schema, 'post', {});
// @ts-expect-error no such option at the root
defineReadModel(schema, 'post', { name: 'm', orderBy: (p) => p.id });
// @ts-expect-error no such column
defineReadModel(schema, 'post', { name: 'm', columns: { nope: true } });
// @ts-expect-error no such relation
defineReadModel(schema, 'post', { name: 'm', with: { nope: true } });
// @ts-expect-error no such nested column
defineReadModel(schema, 'post', { name: 'm', with: { author: { columns: { nope: true } } } });
// @ts-expect-error no such column in where
defineReadModel(schema, 'post', { name: 'm', where: (p, { eq }) => eq(p.nope, 1) });
// @ts-expect-error a value of another type in where
defineReadModel(schema, 'post', { name: 'm', where: (p, { eq }) => eq(p.pinned, 'yes') });
// @ts-expect-error a single row takes no limit
defineReadModel(schema, 'post', { name: 'm', with: { author: { limit: 1 } } });
// @ts-expect-error no such relation in an aggregate
defineReadModel(schema, 'post', { name: 'm', aggregates: (a) => ({ n: a.count('nope') }) });
// @ts-expect-error a count over a single row
defineReadModel(schema, 'post', { name: 'm', aggregates: (a) => ({ n: a.count('author') }) });
// @ts-expect-error a sum of text
defineReadModel(schema, 'user', { name: 'm', aggregates: (a) => ({ n: a.sum('posts', 'title') }) });
// @ts-expect-error no such column in an aggregate
defineReadModel(schema, 'user', { name: 'm', aggregates: (a) => ({ n: a.max('posts', 'nope') }) });
// @ts-expect-error no such relation to go through
defineReadModel(schema, 'post', { name: 'm', through: { tags: { via: 'nope', to: 'tag' } } });
// @ts-expect-error no such relation of the join table
defineReadModel(schema, 'post', { name: 'm', through: { tags: { via: 'postTags', to: 'nope' } } });
// @ts-expect-error no such column behind the join table
defineReadModel(schema, 'post', { name: 'm', through: { tags: { via: 'postTags', to: 'tag', columns: { nope: true } } } });
// @ts-expect-error a list without an order
defineList(detail, { name: 'l' });
// @ts-expect-error no such column to partition by
defineList(detail, { name: 'l', partitionBy: 'nope', orderBy: (p) => p.id });
// @ts-expect-error no such column of the relation to partition by
defineList(detail, { name: 'l', partitionBy: ['postTags', 'nope'], orderBy: (p) => p.id });
// @ts-expect-error no such column to order by
defineList(detail, { name: 'l', orderBy: (p) => p.nope });
// @ts-expect-error an option that lists do not have
defineList(detail, { name: 'l', orderBy: (p) => p.id, limit: 3 });

/** Reading: keys and partitions by their types, documents typed. */
export async function reading(reader: Reader): Promise<void> {
  const document = await reader.get(detail, 7n);
  holds<Same<typeof document, Detail | null>>();
  const page = await reader.list(list, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', { limit: 5, after: null });
  holds<Same<(typeof page)['items'][number], Detail>>();
  await reader.get(whole, { postId: 1n, tagId: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' });
  // @ts-expect-error a key of another type
  await reader.get(detail, true);
  // @ts-expect-error a list has no documents by key
  await reader.get(list, 7n);
  // @ts-expect-error a document model has no pages
  await reader.list(detail, 7);
  const key: KeyInput = { postId: 1n, tagId: 'x' };
  await reader.raw(detail as ReadModel, key);
}

/** A transform takes the document in its JSON form; what it gives is the document from then on, in lists too. */
const loud = detail.transform(1, (post) => ({ ...post, loud: true, words: post.title.split(' ') }));
holds<Same<DocumentOf<typeof loud>, Omit<Detail, 'loud'> & { loud: boolean; words: string[] }>>();
holds<Same<KeyOf<typeof loud>, bigint>>();
const loudList = defineList(loud, { name: 'loud_list', orderBy: (p) => p.id });
holds<Same<DocumentOf<typeof loudList>['words'], string[]>>();
detail.transform(1, (post) => post);
detail.transform(1, () => [1, 'a', null]);
// @ts-expect-error no such property of the document
detail.transform(1, (post) => post.nope);
// @ts-expect-error the document has the text of a bigint
detail.transform(1, (post) => ({ id: post.id - 1n }));
// @ts-expect-error JSON has no dates
detail.transform(1, () => ({ at: new Date(0) }));
// @ts-expect-error JSON has no bigints
detail.transform(1, () => ({ deep: [{ n: 1n }] }));
// @ts-expect-error JSON has no functions
detail.transform(1, () => ({ run: () => 1 }));
// @ts-expect-error JSON has no promises
detail.transform(1, async (post) => post);
// @ts-expect-error no revision
detail.transform((post) => post);

/** Hand-written SQL: the document is what the query says, the key what the key says, and the columns of each table are known. */
const written = defineSqlReadModel({
  name: 'written',
  key: { id: post.id },
  query: sql<{ at: Date; n: number }>`select 1`,
  dependencies: [
    { table: post, columns: ['title', 'authorId'], key: ['id'] },
    { table: postTag, link: ['tagId'], wayBack: sql`select 1` },
  ],
});
holds<Same<DocumentOf<typeof written>, { at: string; n: number }>>();
holds<Same<KeyOf<typeof written>, bigint>>();
const writtenPair = defineSqlReadModel({
  name: 'pair',
  key: { id: 'integer', day: 'date' },
  query: sql`select 1`,
  dependencies: [{ table: post, key: ['id'] }],
});
holds<Same<KeyOf<typeof writtenPair>, { id: number; day: string }>>();
const { key: writtenKey, query: writtenQuery } = { key: { id: 'integer' } as const, query: sql`select 1` };
// @ts-expect-error no such column
defineSqlReadModel({ name: 'm', key: writtenKey, query: writtenQuery, dependencies: [{ table: post, columns: ['nope'], key: ['id'] }] });
// @ts-expect-error no such column of the key
defineSqlReadModel({ name: 'm', key: writtenKey, query: writtenQuery, dependencies: [{ table: post, key: ['nope'] }] });
// @ts-expect-error no way back
defineSqlReadModel({ name: 'm', key: writtenKey, query: writtenQuery, dependencies: [{ table: post, link: ['id'] }] });
// @ts-expect-error no such type of key
defineSqlReadModel({ name: 'm', key: { id: 'number' }, query: writtenQuery, dependencies: [{ table: post, key: ['id'] }] });
// @ts-expect-error hand-written SQL cannot be embedded
defineReadModel(schema, 'tag', { name: 'm', with: { postTags: { with: { post: written } } } });

/** What no relation shows: tables of the schema, and columns of each. */
defineReadModel(schema, 'post', {
  name: 'beyond',
  dependsOn: [
    { table: tag, columns: ['label'], link: ['id'], wayBack: sql`select 1 as id` },
    { table: postTag, key: ['postId'] },
  ],
});
// @ts-expect-error no such column
defineReadModel(schema, 'post', { name: 'm', dependsOn: [{ table: tag, columns: ['title'], key: ['id'] }] });
// @ts-expect-error a table of another schema
defineReadModel({ user }, 'user', { name: 'm', dependsOn: [{ table: tag, key: ['id'] }] });
// @ts-expect-error neither key nor way back
defineReadModel(schema, 'post', { name: 'm', dependsOn: [{ table: tag }] });
