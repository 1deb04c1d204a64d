import { sql } from 'drizzle-orm';
import { check, index, integer, pgEnum, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { categories } from './categories.ts';
import { users } from './users.ts';

/** A post is written as a draft, may wait as scheduled, and is read once published. */
export const postStatus = pgEnum('post_status', ['draft', 'scheduled', 'published']);

/**
 * Posts. The two checks keep what lists order by and what the scheduler looks for from being null.
 * Descending index columns say `nulls first`, because that is what a plain `order by … desc` means in Postgres.
 */
export const posts = pgTable(
  'posts',
  {
    id: integer('id').primaryKey().generatedByDefaultAsIdentity(),
    authorId: integer('author_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    categoryId: integer('category_id')
      .notNull()
      .references(() => categories.id, { onDelete: 'restrict' }),
    title: text('title').notNull(),
    body: text('body').notNull(),
    status: postStatus('status').notNull().default('draft'),
    scheduledFor: timestamp('scheduled_for', { withTimezone: true, precision: 3 }),
    publishedAt: timestamp('published_at', { withTimezone: true, precision: 3 }),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
    /** Last change of title or body; null while the post is as it was first written. */
    editedAt: timestamp('edited_at', { withTimezone: true, precision: 3 }),
    externalId: text('external_id').unique(),
  },
  (t) => [
    check('posts_published_has_time', sql`${t.status} <> 'published' or ${t.publishedAt} is not null`),
    check('posts_scheduled_has_time', sql`${t.status} <> 'scheduled' or ${t.scheduledFor} is not null`),
    index('posts_category_newest').on(t.categoryId, t.publishedAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('posts_author_newest').on(t.authorId, t.publishedAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('posts_newest').on(t.publishedAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('posts_due').on(t.scheduledFor).where(sql`${t.status} = 'scheduled'`),
  ],
);
