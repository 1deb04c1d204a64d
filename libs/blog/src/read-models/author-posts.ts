import { defineList } from 'everwarm';
import { postCard } from './post-card.ts';

/** The published posts of one author, newest first; its partition is the user's id. */
export const authorPosts = defineList(postCard, {
  name: 'author_posts',
  partitionBy: 'authorId',
  orderBy: (p, { desc }) => [desc(p.publishedAt), desc(p.id)],
});
