import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

/** Members of the community. Deleting one deletes their posts, comments and votes with them. */
export const users = pgTable('users', {
  id: integer('id').primaryKey().generatedByDefaultAsIdentity(),
  name: text('name').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
  /** Where an imported row came from; unique, so that importing it again finds it. */
  externalId: text('external_id').unique(),
});
