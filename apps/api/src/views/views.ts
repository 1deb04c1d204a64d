import {
  authorPage,
  authorPosts,
  categoryCard,
  categoryDirectory,
  categoryPosts,
  frontPage,
  postCard,
  postDetail,
  postReach,
  tagPosts,
} from '@everwarm/blog';
import { documentRoute, listRoute, type Route } from 'everwarm/http';

/** A read model over HTTP, and what it is for. */
export type View = { readonly route: Route; readonly summary: string };

/** Where each read model is read. Documents are followed at the same path and `/live`. */
export const views: readonly View[] = [
  { route: documentRoute('/posts/:id', postDetail), summary: 'A post with author, category, tags, newest comments and totals' },
  { route: documentRoute('/posts/:id/card', postCard), summary: 'A post as lists show it' },
  { route: documentRoute('/posts/:id/reach', postReach), summary: 'How often a post was seen' },
  { route: documentRoute('/categories/:id', categoryCard), summary: 'A category with the number of its posts' },
  { route: documentRoute('/authors/:id', authorPage), summary: 'A member with their totals' },
  { route: listRoute('/posts', frontPage), summary: 'Published posts, newest first' },
  { route: listRoute('/categories', categoryDirectory), summary: 'All categories, oldest first' },
  { route: listRoute('/categories/:id/posts', categoryPosts), summary: 'Published posts of a category, newest first' },
  { route: listRoute('/tags/:id/posts', tagPosts), summary: 'Published posts with a tag, newest first' },
  { route: listRoute('/authors/:id/posts', authorPosts), summary: 'Published posts of an author, newest first' },
];
