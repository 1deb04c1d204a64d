import { type BlogDatabase, publish, publishDue, publishDueInput, schedule, scheduleInput } from '@everwarm/blog';
import { z } from 'zod';
import type { CommandScope } from './command-routes.ts';
import { byId, done } from './schemas.ts';

const tags = ['Posts'];

/** Publishing posts: now, at a moment, or those whose moment has come. */
export function publishingRoutes(scope: CommandScope, db: BlogDatabase): void {
  const publishSchema = { tags, summary: 'Show a post to readers from now on', params: byId, response: done };
  scope.post('/posts/:id/publish', { schema: publishSchema }, async ({ params }, reply) => {
    await publish(db, { postId: params.id });
    return reply.code(204).send(null);
  });

  const scheduleBody = scheduleInput.omit({ postId: true });
  const scheduleSchema = { tags, summary: 'Publish a post at a moment', params: byId, body: scheduleBody, response: done };
  scope.post('/posts/:id/schedule', { schema: scheduleSchema }, async ({ params, body }, reply) => {
    await schedule(db, { postId: params.id, ...body });
    return reply.code(204).send(null);
  });

  const published = { 200: z.object({ postIds: z.array(z.int()) }).describe('The posts published by this call') };
  const dueSchema = {
    tags,
    summary: 'Publish scheduled posts whose moment has come',
    body: publishDueInput.nullish(),
    response: published,
  };
  scope.post('/posts/publish-due', { schema: dueSchema }, async ({ body }) => publishDue(db, body ?? {}));
}
