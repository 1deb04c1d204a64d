import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

/** A post has exactly one category, and may move to another. A category with posts cannot be deleted. */
export const categories = pgTable('categories', {
  id: integer('id').primaryKey().generatedByDefaultAsIdentity(),
  slug: text('slug').notNull().unique(),
  name: text('name').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
});
