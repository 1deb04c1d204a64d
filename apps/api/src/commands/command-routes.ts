import type { BlogDatabase, ViewStore } from '@everwarm/blog';
import type { FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { commentRoutes } from './comments.ts';
import { labelRoutes } from './labels.ts';
import { memberRoutes } from './members.ts';
import { postRoutes } from './posts.ts';
import { publishingRoutes } from './publishing.ts';
import { tellToken } from './tell-token.ts';
import { countedViewRoutes } from './views.ts';
import { voteRoutes } from './votes.ts';

/** The scope of the commands: schemas are zod's here, and nowhere else, since plugins that bring JSON schemas break on them. */
export type CommandScope =
  FastifyInstance extends FastifyInstance<infer Server, infer Request, infer Reply, infer Logger>
    ? FastifyInstance<Server, Request, Reply, Logger, ZodTypeProvider>
    : never;

/** Every command of the blog as a route, its input checked by the command's own schema. */
export async function commandRoutes(app: FastifyInstance, db: BlogDatabase, store: ViewStore): Promise<void> {
  // JSON alone: any page on the web may send text/plain to a server of one's own without asking it first.
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const scope = app.withTypeProvider<ZodTypeProvider>();
  countedViewRoutes(scope, store);
  await scope.register(async (writing) => {
    tellToken(writing, db);
    memberRoutes(writing, db);
    labelRoutes(writing, db);
    postRoutes(writing, db);
    publishingRoutes(writing, db);
    commentRoutes(writing, db);
    voteRoutes(writing, db);
  });
}
