import { relations } from 'drizzle-orm';
import { categories } from './categories.ts';
import { comments } from './comments.ts';
import { posts } from './posts.ts';
import { postTags, tags } from './tags.ts';
import { users } from './users.ts';
import { postViews } from './views.ts';
import { commentVotes, postVotes } from './votes.ts';

/** What a user has. */
export const usersRelations = relations(users, ({ many }) => ({
  posts: many(posts),
  comments: many(comments),
  postVotes: many(postVotes),
  commentVotes: many(commentVotes),
}));

/** What a category has. */
export const categoriesRelations = relations(categories, ({ many }) => ({ posts: many(posts) }));

/** What a post belongs to and has. */
export const postsRelations = relations(posts, ({ one, many }) => ({
  author: one(users, { fields: [posts.authorId], references: [users.id] }),
  category: one(categories, { fields: [posts.categoryId], references: [categories.id] }),
  postTags: many(postTags),
  comments: many(comments),
  votes: many(postVotes),
  views: many(postViews),
}));

/** What a tag has. */
export const tagsRelations = relations(tags, ({ many }) => ({ postTags: many(postTags) }));

/** The two ends of a post's tag. */
export const postTagsRelations = relations(postTags, ({ one }) => ({
  post: one(posts, { fields: [postTags.postId], references: [posts.id] }),
  tag: one(tags, { fields: [postTags.tagId], references: [tags.id] }),
}));

/** What a comment belongs to and has; `parent` and `replies` are the two ends of a thread. */
export const commentsRelations = relations(comments, ({ one, many }) => ({
  post: one(posts, { fields: [comments.postId], references: [posts.id] }),
  author: one(users, { fields: [comments.authorId], references: [users.id] }),
  parent: one(comments, { fields: [comments.parentId], references: [comments.id], relationName: 'thread' }),
  replies: many(comments, { relationName: 'thread' }),
  votes: many(commentVotes),
}));

/** What a day of views belongs to. */
export const postViewsRelations = relations(postViews, ({ one }) => ({
  post: one(posts, { fields: [postViews.postId], references: [posts.id] }),
}));

/** What a vote on a post belongs to. */
export const postVotesRelations = relations(postVotes, ({ one }) => ({
  post: one(posts, { fields: [postVotes.postId], references: [posts.id] }),
  user: one(users, { fields: [postVotes.userId], references: [users.id] }),
}));

/** What a vote on a comment belongs to. */
export const commentVotesRelations = relations(commentVotes, ({ one }) => ({
  comment: one(comments, { fields: [commentVotes.commentId], references: [comments.id] }),
  user: one(users, { fields: [commentVotes.userId], references: [users.id] }),
}));
