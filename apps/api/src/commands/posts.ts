import {
  type BlogDatabase,
  createDraft,
  createDraftInput,
  deletePost,
  editPost,
  editPostInput,
  recategorise,
  recategoriseInput,
  retag,
  retagInput,
} from '@everwarm/blog';
import { z } from 'zod';
import type { CommandScope } from './command-routes.ts';
import { byId, created, done } from './schemas.ts';

const tags = ['Posts'];
const { title, body: text } = editPostInput.shape;

/** Writing, editing, filing and deleting posts. */
export function postRoutes(scope: CommandScope, db: BlogDatabase): void {
  const draftSchema = { tags, summary: 'Write a draft, which no reader sees', body: createDraftInput, response: created };
  scope.post('/posts', { schema: draftSchema }, async ({ body }, reply) => {
    const { id } = await createDraft(db, body);
    return reply.code(201).header('location', `/posts/${id}`).send({ id });
  });

  // Rebuilt from its fields, because a schema with a refinement cannot leave one out; the command checks the refinement.
  const editBody = z.strictObject({ title, body: text });
  const editSchema = { tags, summary: 'Change title, body or both', params: byId, body: editBody, response: done };
  scope.patch('/posts/:id', { schema: editSchema }, async ({ params, body }, reply) => {
    await editPost(db, { postId: params.id, ...body });
    return reply.code(204).send(null);
  });

  const categoryBody = recategoriseInput.omit({ postId: true });
  const categorySchema = { tags, summary: 'Move a post to another category', params: byId, body: categoryBody, response: done };
  scope.put('/posts/:id/category', { schema: categorySchema }, async ({ params, body }, reply) => {
    await recategorise(db, { postId: params.id, ...body });
    return reply.code(204).send(null);
  });

  const tagsSchema = {
    tags,
    summary: 'Give a post exactly these tags',
    params: byId,
    body: retagInput.omit({ postId: true }),
    response: done,
  };
  scope.put('/posts/:id/tags', { schema: tagsSchema }, async ({ params, body }, reply) => {
    await retag(db, { postId: params.id, ...body });
    return reply.code(204).send(null);
  });

  const deleteSchema = { tags, summary: 'Delete a post with its comments and votes', params: byId, response: done };
  scope.delete('/posts/:id', { schema: deleteSchema }, async ({ params }, reply) => {
    await deletePost(db, { postId: params.id });
    return reply.code(204).send(null);
  });
}
