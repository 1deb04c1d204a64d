import { relations, sql } from 'drizzle-orm';
import { integer, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

/* The tables that docs/guides/declaring.md talks of. */

/** People. */
export const users = pgTable('users', { id: integer('id').primaryKey(), name: text('name').notNull() });

/** Posts. */
export const posts = pgTable('posts', {
  id: integer('id').primaryKey(),
  authorId: integer('author_id').notNull(),
  categoryId: integer('category_id').notNull(),
  title: text('title').notNull(),
  publishedAt: timestamp('published_at', { withTimezone: true }),
  deletedAt: timestamp('deleted_at', { withTimezone: true }),
});

/** Comments on posts. */
export const comments = pgTable('comments', {
  id: integer('id').primaryKey(),
  postId: integer('post_id').notNull(),
  authorId: integer('author_id').notNull(),
  status: text('status').notNull(),
  body: text('body').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
});

/** Votes on posts. */
export const votes = pgTable('votes', {
  id: integer('id').primaryKey(),
  postId: integer('post_id').notNull(),
  value: integer('value').notNull(),
});

/** Tags. */
const tags = pgTable('tags', { id: integer('id').primaryKey(), name: text('name').notNull() });

/** Which post has which tag. */
const postTags = pgTable('post_tags', { postId: integer('post_id').notNull(), tagId: integer('tag_id').notNull() }, (t) => [
  primaryKey({ columns: [t.postId, t.tagId] }),
]);

/** Offers. */
const offers = pgTable('offers', {
  id: integer('id').primaryKey(),
  startsAt: timestamp('starts_at', { withTimezone: true }).notNull(),
  endsAt: timestamp('ends_at', { withTimezone: true }).notNull(),
  terms: jsonb('terms').default(sql`'{}'`),
});

/** The schema as `drizzle()` takes it. */
export const schema = {
  users,
  posts,
  comments,
  votes,
  tags,
  postTags,
  offers,
  postRelations: relations(posts, ({ one, many }) => ({
    author: one(users, { fields: [posts.authorId], references: [users.id] }),
    comments: many(comments),
    votes: many(votes),
    postTags: many(postTags),
  })),
  commentRelations: relations(comments, ({ one }) => ({
    post: one(posts, { fields: [comments.postId], references: [posts.id] }),
    author: one(users, { fields: [comments.authorId], references: [users.id] }),
  })),
  voteRelations: relations(votes, ({ one }) => ({ post: one(posts, { fields: [votes.postId], references: [posts.id] }) })),
  postTagRelations: relations(postTags, ({ one }) => ({
    post: one(posts, { fields: [postTags.postId], references: [posts.id] }),
    tag: one(tags, { fields: [postTags.tagId], references: [tags.id] }),
  })),
};
