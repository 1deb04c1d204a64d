import { type BlogDatabase, createCategory, createCategoryInput, createTag, createTagInput } from '@everwarm/blog';
import type { CommandScope } from './command-routes.ts';
import { created } from './schemas.ts';

const tags = ['Labels'];

/** Adding categories and tags. */
export function labelRoutes(scope: CommandScope, db: BlogDatabase): void {
  const categorySchema = { tags, summary: 'Add a category', body: createCategoryInput, response: created };
  scope.post('/categories', { schema: categorySchema }, async ({ body }, reply) => {
    const { id } = await createCategory(db, body);
    return reply.code(201).header('location', `/categories/${id}`).send({ id });
  });

  scope.post('/tags', { schema: { tags, summary: 'Add a tag', body: createTagInput, response: created } }, async ({ body }, reply) => {
    const { id } = await createTag(db, body);
    return reply.code(201).header('location', `/tags/${id}/posts`).send({ id });
  });
}
