import { defineList } from 'everwarm';
import { postCard } from './post-card.ts';

/** All published posts, newest first. */
export const frontPage = defineList(postCard, {
  name: 'front_page',
  orderBy: (p, { desc }) => [desc(p.publishedAt), desc(p.id)],
});
