import { defineReadModel } from 'everwarm';
import { schema } from '../schema/schema.ts';

/** A member with their totals, as others see them: published posts and approved comments only. */
export const authorPage = defineReadModel(schema, 'users', {
  name: 'author_page',
  columns: { id: true, name: true, createdAt: true },
  aggregates: (a) => ({
    postCount: a.count('posts', { where: (p, { eq }) => eq(p.status, 'published') }),
    commentCount: a.count('comments', { where: (c, { eq }) => eq(c.status, 'approved') }),
  }),
});
