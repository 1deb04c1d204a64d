import { defineList, defineReadModel } from 'everwarm';
import { schema } from '../schema/schema.ts';

/** A category with the number of its published posts. */
export const categoryCard = defineReadModel(schema, 'categories', {
  name: 'category_card',
  columns: { id: true, slug: true, name: true },
  aggregates: (a) => ({ postCount: a.count('posts', { where: (p, { eq }) => eq(p.status, 'published') }) }),
});

/** All categories, oldest first: the order of the ids, since names change and their order depends on a collation. */
export const categoryDirectory = defineList(categoryCard, {
  name: 'category_directory',
  orderBy: (c, { asc }) => [asc(c.id)],
});
