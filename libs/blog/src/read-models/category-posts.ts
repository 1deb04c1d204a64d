import { defineList } from 'everwarm';
import { postCard } from './post-card.ts';

/** The published posts of one category, newest first; its partition is the category's id. */
export const categoryPosts = defineList(postCard, {
  name: 'category_posts',
  partitionBy: 'categoryId',
  orderBy: (p, { desc }) => [desc(p.publishedAt), desc(p.id)],
});
