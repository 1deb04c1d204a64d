import {
  type BlogDatabase,
  comment,
  commentInput,
  deleteComment,
  editComment,
  editCommentInput,
  moderate,
  moderateInput,
} from '@everwarm/blog';
import type { CommandScope } from './command-routes.ts';
import { byId, created, done } from './schemas.ts';

const tags = ['Comments'];

/** Commenting on posts, and what moderators do with comments. */
export function commentRoutes(scope: CommandScope, db: BlogDatabase): void {
  const commentBody = commentInput.omit({ postId: true });
  const commentSchema = {
    tags,
    summary: 'Comment on a post, or reply to a comment of it',
    params: byId,
    body: commentBody,
    response: created,
  };
  scope.post('/posts/:id/comments', { schema: commentSchema }, async ({ params, body }, reply) => {
    const { id } = await comment(db, { postId: params.id, ...body });
    return reply.code(201).header('location', `/posts/${params.id}`).send({ id });
  });

  const editSchema = { tags, summary: 'Change a comment', params: byId, body: editCommentInput.omit({ commentId: true }), response: done };
  scope.patch('/comments/:id', { schema: editSchema }, async ({ params, body }, reply) => {
    await editComment(db, { commentId: params.id, ...body });
    return reply.code(204).send(null);
  });

  const moderateBody = moderateInput.omit({ commentId: true });
  const moderateSchema = { tags, summary: 'Approve a comment, or call it spam', params: byId, body: moderateBody, response: done };
  scope.post('/comments/:id/moderation', { schema: moderateSchema }, async ({ params, body }, reply) => {
    await moderate(db, { commentId: params.id, ...body });
    return reply.code(204).send(null);
  });

  const deleteSchema = { tags, summary: 'Delete a comment with all replies below it', params: byId, response: done };
  scope.delete('/comments/:id', { schema: deleteSchema }, async ({ params }, reply) => {
    await deleteComment(db, { commentId: params.id });
    return reply.code(204).send(null);
  });
}
