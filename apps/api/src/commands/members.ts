import { type BlogDatabase, deleteUser, register, registerInput, rename, renameInput } from '@everwarm/blog';
import type { CommandScope } from './command-routes.ts';
import { byId, created, done } from './schemas.ts';

const tags = ['Members'];

/** Registering, renaming and deleting members. */
export function memberRoutes(scope: CommandScope, db: BlogDatabase): void {
  scope.post(
    '/users',
    { schema: { tags, summary: 'Register a member', body: registerInput, response: created } },
    async ({ body }, reply) => {
      const { id } = await register(db, body);
      return reply.code(201).header('location', `/authors/${id}`).send({ id });
    },
  );

  const renameSchema = { tags, summary: 'Rename a member', params: byId, body: renameInput.omit({ userId: true }), response: done };
  scope.patch('/users/:id', { schema: renameSchema }, async ({ params, body }, reply) => {
    await rename(db, { userId: params.id, ...body });
    return reply.code(204).send(null);
  });

  const deleteSchema = { tags, summary: 'Delete a member with everything they wrote', params: byId, response: done };
  scope.delete('/users/:id', { schema: deleteSchema }, async ({ params }, reply) => {
    await deleteUser(db, { userId: params.id });
    return reply.code(204).send(null);
  });
}
