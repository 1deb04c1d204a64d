import { defineReadModel } from 'everwarm';
import { schema } from '../schema/schema.ts';

/** A published post as its page shows it: text, author, category, tags, the newest 50 approved comments, and the totals. */
export const postDetail = defineReadModel(schema, 'posts', {
  name: 'post_detail',
  where: (p, { eq }) => eq(p.status, 'published'),
  columns: { id: true, title: true, body: true, publishedAt: true, editedAt: true },
  with: {
    author: { columns: { id: true, name: true } },
    category: { columns: { id: true, slug: true, name: true } },
    comments: {
      where: (c, { eq }) => eq(c.status, 'approved'),
      orderBy: (c, { desc }) => [desc(c.createdAt), desc(c.id)],
      limit: 50,
      columns: { id: true, parentId: true, body: true, createdAt: true, editedAt: true },
      with: { author: { columns: { id: true, name: true } } },
    },
  },
  through: {
    tags: { via: 'postTags', to: 'tag', orderBy: (t, { asc }) => [asc(t.id)], columns: { id: true, name: true } },
  },
  aggregates: (a) => ({
    commentCount: a.count('comments', { where: (c, { eq }) => eq(c.status, 'approved') }),
    score: a.sum('votes', 'value'),
  }),
});
