import { categories } from './categories.ts';
import { commentStatus, comments } from './comments.ts';
import { postStatus, posts } from './posts.ts';
import {
  categoriesRelations,
  commentsRelations,
  commentVotesRelations,
  postsRelations,
  postTagsRelations,
  postViewsRelations,
  postVotesRelations,
  tagsRelations,
  usersRelations,
} from './relations.ts';
import { postTags, tags } from './tags.ts';
import { users } from './users.ts';
import { postViews, viewBatches } from './views.ts';
import { commentVotes, postVotes } from './votes.ts';

/** The blog's whole Drizzle schema, as `drizzle()` and `defineReadModel` take it. */
export const schema = {
  users,
  categories,
  posts,
  tags,
  postTags,
  comments,
  postVotes,
  commentVotes,
  postViews,
  viewBatches,
  postStatus,
  commentStatus,
  usersRelations,
  categoriesRelations,
  postsRelations,
  tagsRelations,
  postTagsRelations,
  commentsRelations,
  postViewsRelations,
  postVotesRelations,
  commentVotesRelations,
};
