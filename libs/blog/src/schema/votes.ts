import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, smallint, text, timestamp, unique } from 'drizzle-orm/pg-core';
import { comments } from './comments.ts';
import { posts } from './posts.ts';
import { users } from './users.ts';

/**
 * Votes on posts, +1 or -1. A member has one vote per post; a vote without a member is anonymous (public dumps do not
 * say who voted) and therefore has an id of its own.
 */
export const postVotes = pgTable(
  'post_votes',
  {
    id: integer('id').primaryKey().generatedByDefaultAsIdentity(),
    postId: integer('post_id')
      .notNull()
      .references(() => posts.id, { onDelete: 'cascade' }),
    userId: integer('user_id').references(() => users.id, { onDelete: 'cascade' }),
    value: smallint('value').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
    externalId: text('external_id').unique(),
  },
  (t) => [
    unique('post_votes_post_user').on(t.postId, t.userId),
    index('post_votes_user').on(t.userId),
    check('post_votes_value', sql`${t.value} in (-1, 1)`),
  ],
);

/** Votes on comments; as {@link postVotes}. */
export const commentVotes = pgTable(
  'comment_votes',
  {
    id: integer('id').primaryKey().generatedByDefaultAsIdentity(),
    commentId: integer('comment_id')
      .notNull()
      .references(() => comments.id, { onDelete: 'cascade' }),
    userId: integer('user_id').references(() => users.id, { onDelete: 'cascade' }),
    value: smallint('value').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
    externalId: text('external_id').unique(),
  },
  (t) => [
    unique('comment_votes_comment_user').on(t.commentId, t.userId),
    index('comment_votes_user').on(t.userId),
    check('comment_votes_value', sql`${t.value} in (-1, 1)`),
  ],
);
