import { defineReadModel } from 'everwarm';
import { schema } from '../schema/schema.ts';

/** A published post as lists show it. Every list below shares these documents. */
export const postCard = defineReadModel(schema, 'posts', {
  name: 'post_card',
  where: (p, { eq }) => eq(p.status, 'published'),
  columns: { id: true, title: true, publishedAt: true },
  with: {
    author: { columns: { id: true, name: true } },
    category: { columns: { id: true, slug: true, name: true } },
  },
  through: {
    tags: { via: 'postTags', to: 'tag', orderBy: (t, { asc }) => [asc(t.id)], columns: { id: true, name: true } },
  },
  aggregates: (a) => ({
    commentCount: a.count('comments', { where: (c, { eq }) => eq(c.status, 'approved') }),
    score: a.sum('votes', 'value'),
  }),
});
