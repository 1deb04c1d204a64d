import { sql } from 'drizzle-orm';
import { check, date, index, integer, pgTable, primaryKey, timestamp, uuid } from 'drizzle-orm/pg-core';
import { posts } from './posts.ts';

/** How often a post was seen, by the day (of UTC) on which it was counted. A row per view would be the largest table of the blog, and nobody asks for one. */
export const postViews = pgTable(
  'post_views',
  {
    postId: integer('post_id')
      .notNull()
      .references(() => posts.id, { onDelete: 'cascade' }),
    day: date('day').notNull(),
    count: integer('count').notNull(),
  },
  (t) => [primaryKey({ columns: [t.postId, t.day] }), check('post_views_count', sql`${t.count} > 0`)],
);

/** The batches of views that were added lately, so that none is added twice. */
export const viewBatches = pgTable(
  'view_batches',
  {
    id: uuid('id').primaryKey(),
    addedAt: timestamp('added_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
  },
  (t) => [index('view_batches_added').on(t.addedAt)],
);
