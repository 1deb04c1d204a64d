import { relations, sql } from 'drizzle-orm';
import { boolean, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import { defineList, defineReadModel, type ReadModel } from './define.ts';

/* Read models inside others, what raw SQL reads, and options at every depth, as the compiler sees them. Checked by tsc, never run. */

const user = pgTable('user', { id: integer('id').primaryKey(), name: text('name').notNull(), bestId: integer('best_id') });
const post = pgTable('post', {
  id: integer('id').primaryKey(),
  authorId: integer('author_id').notNull(),
  score: integer('score').notNull(),
  at: timestamp('at'),
});
const tag = pgTable('tag', { id: integer('id').primaryKey(), label: text('label').notNull(), hidden: boolean('hidden').notNull() });
const postTag = pgTable(
  'post_tag',
  { postId: integer('post_id').notNull(), tagId: integer('tag_id').notNull(), weight: integer('weight').notNull() },
  (t) => [primaryKey({ columns: [t.postId, t.tagId] })],
);
const schema = {
  user,
  post,
  tag,
  postTag,
  userRelations: relations(user, ({ one, many }) => ({
    posts: many(post),
    best: one(post, { fields: [user.bestId], references: [post.id], relationName: 'best' }),
  })),
  postRelations: relations(post, ({ one, many }) => ({
    author: one(user, { fields: [post.authorId], references: [user.id] }),
    postTags: many(postTag),
    bestOf: one(user, { fields: [post.id], references: [user.bestId], relationName: 'best' }),
  })),
  tagRelations: relations(tag, ({ many }) => ({ postTags: many(postTag) })),
  postTagRelations: relations(postTag, ({ one }) => ({
    post: one(post, { fields: [postTag.postId], references: [post.id] }),
    tag: one(tag, { fields: [postTag.tagId], references: [tag.id] }),
  })),
};

type Same<Left, Right> = Identical<Plain<Left>, Plain<Right>>;
type Plain<T> = T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type Identical<Left, Right> = (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;
type DocumentOf<Model> = Model extends ReadModel<infer Doc> ? Doc : never;
declare function holds<Claim extends true>(): Claim;

const userCard = defineReadModel(schema, 'user', { name: 'user_card', columns: { name: true } });
const tagCard = defineReadModel(schema, 'tag', { name: 'tag_card', columns: { label: true }, where: (t, { eq }) => eq(t.hidden, false) });
const postCard = defineReadModel(schema, 'post', {
  name: 'post_card',
  columns: { at: true },
  with: { author: userCard },
  through: {
    tags: { via: 'postTags', to: 'tag', model: tagCard, joinWhere: (j, { gt }) => gt(j.weight, 1), orderBy: (t) => t.label, limit: 3 },
    plain: { via: 'postTags', to: 'tag', columns: { id: true }, extras: (t) => ({ loud: sql<string>`upper(${t.label})`.as('loud') }) },
  },
  aggregates: (a) => ({ tags_: a.count('postTags') }),
});
type PostCard = {
  at: string | null;
  author: { name: string };
  tags: { label: string }[];
  plain: { id: number; loud: string }[];
  tags_: number;
};
holds<Same<DocumentOf<typeof postCard>, PostCard>>();

// A model with a filter may leave the row out, whatever the relation says.
const page = defineReadModel(schema, 'user', {
  name: 'page',
  columns: { id: true },
  with: {
    posts: { model: () => postCard, where: (p, { gt }) => gt(p.score, 1), orderBy: (p, { desc }) => [desc(p.score)], limit: 2 },
    best: () => postCard,
  },
  reads: { posts: { columns: { score: true }, with: { postTags: { with: { tag: true } } } } },
});
holds<Same<DocumentOf<typeof page>, { id: number; posts: PostCard[]; best: PostCard | null }>>();
const entry = defineReadModel(schema, 'postTag', {
  name: 'entry',
  columns: { weight: true },
  with: { tag: tagCard, post: { columns: {}, with: { author: { model: userCard } } } },
});
holds<Same<DocumentOf<typeof entry>, { weight: number; tag: { label: string } | null; post: { author: { name: string } } }>>();

// Aggregates and extras at every level.
const deep = defineReadModel(schema, 'user', {
  name: 'deep',
  columns: {},
  with: {
    posts: {
      columns: {},
      extras: { twice: sql<number>`${post.score} * 2`.as('twice') },
      aggregates: (a) => ({
        heavy: a.sum('postTags', 'weight', { where: (j, { gt }) => gt(j.weight, 3) }),
        last: a.max('postTags', 'tagId'),
      }),
    },
  },
  aggregates: (a) => ({ first: a.min('posts', 'at'), mean: a.avg('posts', 'score') }),
});
holds<
  Same<
    DocumentOf<typeof deep>,
    { posts: { twice: number; heavy: number; last: number | null }[]; first: string | null; mean: string | null }
  >
>();

// A query as Drizzle takes it: expressions in the place of callbacks.
defineReadModel(schema, 'user', {
  name: 'm',
  where: sql`${user.id} > 1`,
  with: { posts: { where: sql`true`, orderBy: [post.id], limit: 1 } },
});
defineList(page, { name: 'l', orderBy: [user.name, user.id] });

// Names and shapes that do not exist, several of which stand beside one that does.
// @ts-expect-error a model of another table
defineReadModel(schema, 'post', { name: 'm', with: { author: postCard } });
// @ts-expect-error a model of another table, referred to by a function
defineReadModel(schema, 'post', { name: 'm', with: { author: () => postCard } });
// @ts-expect-error a model of another table, with terms around it
defineReadModel(schema, 'user', { name: 'm', with: { posts: { model: userCard, limit: 1 } } });
// @ts-expect-error a model of another table behind a join table
defineReadModel(schema, 'post', { name: 'm', through: { tags: { via: 'postTags', to: 'tag', model: userCard } } });
// @ts-expect-error a model with a transform
defineReadModel(schema, 'post', { name: 'm', with: { author: userCard.transform(1, (card) => card) } });
// @ts-expect-error a limit around a single row
defineReadModel(schema, 'post', { name: 'm', with: { author: { model: userCard, limit: 1 } } });
// @ts-expect-error columns beside a model
defineReadModel(schema, 'user', { name: 'm', with: { posts: { model: postCard, columns: { id: true } } } });
// @ts-expect-error a list is no document
defineReadModel(schema, 'user', { name: 'm', with: { posts: defineList(postCard, { name: 'l', orderBy: post.id }) } });
// @ts-expect-error a column that does not exist, beside one that does
defineReadModel(schema, 'post', { name: 'm', columns: { id: true, nope: true } });
// @ts-expect-error a relation that does not exist, beside one that does
defineReadModel(schema, 'post', { name: 'm', with: { author: true, nope: true } });
// @ts-expect-error an option that does not exist, beside one that does
defineReadModel(schema, 'post', { name: 'm', columns: { id: true }, having: 1 });
// @ts-expect-error a nested column that does not exist, beside one that does
defineReadModel(schema, 'post', { name: 'm', with: { author: { columns: { id: true, nope: true } } } });
// @ts-expect-error a nested option that does not exist, beside one that does
defineReadModel(schema, 'user', { name: 'm', with: { posts: { columns: { id: true }, offset: 1 } } });
// @ts-expect-error a limit on a single row, beside its columns
defineReadModel(schema, 'post', { name: 'm', with: { author: { columns: { id: true }, limit: 1 } } });
// @ts-expect-error a column that does not exist two levels down
defineReadModel(schema, 'post', { name: 'm', with: { postTags: { with: { tag: { columns: { id: true, nope: true } } } } } });
// @ts-expect-error a column that does not exist behind a join table, beside one that does
defineReadModel(schema, 'post', { name: 'm', through: { tags: { via: 'postTags', to: 'tag', columns: { id: true, nope: true } } } });
// @ts-expect-error an option that does not exist behind a join table
defineReadModel(schema, 'post', { name: 'm', through: { tags: { via: 'postTags', to: 'tag', columns: { id: true }, offset: 1 } } });
// @ts-expect-error a column of the target in the condition on the join table
defineReadModel(schema, 'post', { name: 'm', through: { tags: { via: 'postTags', to: 'tag', joinWhere: (j) => sql`${j.label}` } } });
// @ts-expect-error a column that does not exist in extras
defineReadModel(schema, 'post', { name: 'm', extras: (p) => ({ x: sql`${p.nope}`.as('x') }) });
// @ts-expect-error an extra without a name
defineReadModel(schema, 'post', { name: 'm', extras: (p) => ({ x: sql`${p.id}` }) });
// @ts-expect-error a column that does not exist in a nested aggregate
defineReadModel(schema, 'user', { name: 'm', with: { posts: { aggregates: (a) => ({ x: a.sum('postTags', 'nope') }) } } });
// @ts-expect-error a column that does not exist in the filter of an aggregate
defineReadModel(schema, 'user', { name: 'm', aggregates: (a) => ({ x: a.count('posts', { where: (p, { eq }) => eq(p.nope, 1) }) }) });
// @ts-expect-error a relation that does not exist under reads
defineReadModel(schema, 'post', { name: 'm', reads: { author: true, nope: true } });
// @ts-expect-error a column that does not exist under reads
defineReadModel(schema, 'post', { name: 'm', reads: { author: { columns: { id: true, nope: true } } } });
// @ts-expect-error a relation that does not exist below one under reads
defineReadModel(schema, 'user', { name: 'm', reads: { posts: { with: { author: true, nope: true } } } });
// @ts-expect-error an option that reads do not have
defineReadModel(schema, 'user', { name: 'm', reads: { posts: { limit: 1 } } });
