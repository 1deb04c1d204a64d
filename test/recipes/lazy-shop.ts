import { defineReadModel } from 'everwarm';
import { schema } from './shop.ts';

/* The lazy read models of docs/recipes.md. */

// #region cache-aside
/** All that was ever said of a product. Few ask for it, so it is made when somebody does. */
export const allReviews = defineReadModel(schema, 'products', {
  name: 'all_reviews',
  columns: { id: true, name: true },
  with: { reviews: { columns: { stars: true, words: true } } },
  lifecycle: { lazy: {} },
});
// #endregion

// #region stale-while-revalidate
/** The same, no older than a minute, and for ten more minutes given away while one process makes it anew. */
export const recentReviews = defineReadModel(schema, 'products', {
  name: 'recent_reviews',
  columns: { id: true, name: true },
  with: { reviews: { columns: { stars: true, words: true } } },
  lifecycle: { lazy: { expireAfter: '1m', staleWhileRevalidate: '10m' } },
});
// #endregion
