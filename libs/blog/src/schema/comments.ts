import { type AnyPgColumn, index, integer, pgEnum, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { posts } from './posts.ts';
import { users } from './users.ts';

/** Only an approved comment is shown; a moderator decides. */
export const commentStatus = pgEnum('comment_status', ['pending', 'approved', 'spam']);

/** Comments on posts, threaded: a reply names its parent, which is on the same post. Deleting a comment deletes its thread. */
export const comments = pgTable(
  'comments',
  {
    id: integer('id').primaryKey().generatedByDefaultAsIdentity(),
    postId: integer('post_id')
      .notNull()
      .references(() => posts.id, { onDelete: 'cascade' }),
    authorId: integer('author_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    parentId: integer('parent_id').references((): AnyPgColumn => comments.id, { onDelete: 'cascade' }),
    body: text('body').notNull(),
    status: commentStatus('status').notNull().default('pending'),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
    editedAt: timestamp('edited_at', { withTimezone: true, precision: 3 }),
    externalId: text('external_id').unique(),
  },
  (t) => [
    index('comments_post_newest').on(t.postId, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('comments_author').on(t.authorId),
    index('comments_parent').on(t.parentId),
  ],
);
