export {
  type CommentOrigin,
  comment,
  commentInput,
  deleteComment,
  deleteCommentInput,
  editComment,
  editCommentInput,
  moderate,
  moderateInput,
} from './commands/comments.ts';
export type { Origin } from './commands/input.ts';
export { createCategory, createCategoryInput, createTag, createTagInput } from './commands/labels.ts';
export { publish, publishDue, publishDueInput, publishInput, schedule, scheduleInput } from './commands/publish.ts';
export { deleteUser, deleteUserInput, register, registerInput, rename, renameInput } from './commands/users.ts';
export { addViews, countView, countViewInput } from './commands/views.ts';
export {
  retractCommentVote,
  retractCommentVoteInput,
  retractPostVote,
  retractPostVoteInput,
  voteComment,
  voteCommentInput,
  votePost,
  votePostInput,
} from './commands/votes.ts';
export {
  createDraft,
  createDraftInput,
  deletePost,
  deletePostInput,
  editPost,
  editPostInput,
  recategorise,
  recategoriseInput,
  retag,
  retagInput,
} from './commands/write-post.ts';
export { type BlogDatabase, inTransaction } from './database.ts';
export { BlogError, type BlogErrorCode } from './errors.ts';
export { type GenerateOptions, generateBlog } from './generate/generate.ts';
export { limits } from './limits.ts';
export { migrateBlog } from './migrate.ts';
export { authorPage } from './read-models/author-page.ts';
export { authorPosts } from './read-models/author-posts.ts';
export { categoryCard, categoryDirectory } from './read-models/category-directory.ts';
export { categoryPosts } from './read-models/category-posts.ts';
export { frontPage } from './read-models/front-page.ts';
export { postCard } from './read-models/post-card.ts';
export { postDetail } from './read-models/post-detail.ts';
export { postReach } from './read-models/post-reach.ts';
export { readModels } from './read-models/read-models.ts';
export { tagPosts } from './read-models/tag-posts.ts';
export { schema } from './schema/schema.ts';
export type { ViewStore } from './views/waiting-views.ts';
