import { countView, type ViewStore } from '@everwarm/blog';
import { RefusedRequest } from '../problems/problem.ts';
import type { CommandScope } from './command-routes.ts';
import { byId, counted } from './schemas.ts';

const schema = { tags: ['Views'], summary: 'Count a view of a post; it is shown a second later', params: byId, response: counted };

/** Counting views of posts: what a page sends when it is seen. Reads count nothing, so they stay what they cost. */
export function countedViewRoutes(scope: CommandScope, store: ViewStore): void {
  scope.post('/posts/:id/views', { schema }, async ({ params }, reply) => {
    await countView(store, { postId: params.id }).catch((cause: unknown) => {
      throw new RefusedRequest({ status: 503, code: 'unavailable', detail: 'Views cannot be counted at the moment.' }, { cause });
    });
    return reply.code(204).send(null);
  });
}
