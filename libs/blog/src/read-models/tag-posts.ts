import { defineList } from 'everwarm';
import { postCard } from './post-card.ts';

/** The published posts that carry one tag, newest first; its partition is the tag's id. */
export const tagPosts = defineList(postCard, {
  name: 'tag_posts',
  partitionBy: ['postTags', 'tagId'],
  orderBy: (p, { desc }) => [desc(p.publishedAt), desc(p.id)],
});
