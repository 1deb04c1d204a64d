import { schema } from '@everwarm/blog';
import { defineList, defineReadModel } from 'everwarm';

/* What a comment, a publication and a rename touch, over the blog's own tables; without long texts, so that a million posts can be built. */

/** A published post with its newest comments and their number. */
export const page = defineReadModel(schema, 'posts', {
  name: 'growth_page',
  where: (p, { eq }) => eq(p.status, 'published'),
  columns: { id: true, title: true },
  with: {
    author: { columns: { name: true } },
    comments: {
      where: (c, { eq }) => eq(c.status, 'approved'),
      orderBy: (c, { desc }) => [desc(c.createdAt), desc(c.id)],
      limit: 50,
      columns: { id: true, body: true },
    },
  },
  aggregates: (a) => ({ commentCount: a.count('comments', { where: (c, { eq }) => eq(c.status, 'approved') }) }),
});

/** The published posts of a category, newest first. */
export const categoryPages = defineList(page, {
  name: 'growth_category_pages',
  partitionBy: 'categoryId',
  orderBy: (p, { desc }) => [desc(p.publishedAt), desc(p.id)],
});

/** A category with the number of its published posts. */
export const categoryCard = defineReadModel(schema, 'categories', {
  name: 'growth_category',
  columns: { id: true, name: true },
  aggregates: (a) => ({ postCount: a.count('posts', { where: (p, { eq }) => eq(p.status, 'published') }) }),
});

/** All of them. */
export const growthModels = [page, categoryPages, categoryCard] as const;
