import { defineReadModel } from 'everwarm';
import { schema } from '../schema/schema.ts';

// #region reach
/**
 * How often a published post was seen. A document of its own: this changes each second while a post is read, and the post's large
 * document, its versions and the 304s that they give stay out of it.
 */
export const postReach = defineReadModel(schema, 'posts', {
  name: 'post_reach',
  where: (p, { eq }) => eq(p.status, 'published'),
  columns: { id: true },
  aggregates: (a) => ({ viewCount: a.sum('views', 'count') }),
});
// #endregion
