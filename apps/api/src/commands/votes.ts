import {
  type BlogDatabase,
  retractCommentVote,
  retractPostVote,
  voteComment,
  voteCommentInput,
  votePost,
  votePostInput,
} from '@everwarm/blog';
import type { CommandScope } from './command-routes.ts';
import { byId, byIdAndUser, done } from './schemas.ts';

const tags = ['Votes'];
const postVote = votePostInput.omit({ postId: true, userId: true });
const commentVote = voteCommentInput.omit({ commentId: true, userId: true });

/** Voting on posts and comments: a member has one vote on each, which PUT sets and DELETE takes back; anonymous votes only add up. */
export function voteRoutes(scope: CommandScope, db: BlogDatabase): void {
  const anonymousPost = { tags, summary: 'Vote on a post anonymously: for good', params: byId, body: postVote, response: done };
  scope.post('/posts/:id/votes', { schema: anonymousPost }, async ({ params, body }, reply) => {
    await votePost(db, { postId: params.id, userId: null, ...body });
    return reply.code(204).send(null);
  });

  const putPost = { tags, summary: "Set a member's vote on a post", params: byIdAndUser, body: postVote, response: done };
  scope.put('/posts/:id/votes/:userId', { schema: putPost }, async ({ params, body }, reply) => {
    await votePost(db, { postId: params.id, userId: params.userId, ...body });
    return reply.code(204).send(null);
  });

  const deletePost = { tags, summary: "Take a member's vote on a post back", params: byIdAndUser, response: done };
  scope.delete('/posts/:id/votes/:userId', { schema: deletePost }, async ({ params }, reply) => {
    await retractPostVote(db, { postId: params.id, userId: params.userId });
    return reply.code(204).send(null);
  });

  const anonymousComment = { tags, summary: 'Vote on a comment anonymously: for good', params: byId, body: commentVote, response: done };
  scope.post('/comments/:id/votes', { schema: anonymousComment }, async ({ params, body }, reply) => {
    await voteComment(db, { commentId: params.id, userId: null, ...body });
    return reply.code(204).send(null);
  });

  const putComment = { tags, summary: "Set a member's vote on a comment", params: byIdAndUser, body: commentVote, response: done };
  scope.put('/comments/:id/votes/:userId', { schema: putComment }, async ({ params, body }, reply) => {
    await voteComment(db, { commentId: params.id, userId: params.userId, ...body });
    return reply.code(204).send(null);
  });

  const deleteComment = { tags, summary: "Take a member's vote on a comment back", params: byIdAndUser, response: done };
  scope.delete('/comments/:id/votes/:userId', { schema: deleteComment }, async ({ params }, reply) => {
    await retractCommentVote(db, { commentId: params.id, userId: params.userId });
    return reply.code(204).send(null);
  });
}
