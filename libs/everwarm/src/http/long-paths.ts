import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import type { Answer } from './answer.ts';
import { pathMatcher } from './match-path.ts';
import { type Problem, problemAnswer } from './problem.ts';

/** What Fastify's router takes for a parameter where the application says nothing of it, in characters. */
const usualLength = 100;

/**
 * Has a problem document answer what Fastify would refuse in words of its own, before any hook: a path of the table with a parameter
 * that is longer than the router takes. Such paths are a route that only they match, found after all others; so it stands in nobody's
 * way, not even in that of an application's own route for all that is left. They are refused and not read: what plugins know of the
 * table's routes, their `config` and parameters, they do not know of this one.
 */
export function refuseLongPaths(
  app: FastifyInstance,
  table: readonly { readonly path: string }[],
  answer: (request: FastifyRequest, reply: FastifyReply, refusal: Answer) => void,
): void {
  const { routerOptions, maxParamLength } = app.initialConfig;
  const longest = routerOptions?.maxParamLength ?? maxParamLength ?? usualLength;
  const match = pathMatcher(table);
  const isTooLong = (url = '') => {
    if (url.length <= longest || !url.startsWith(`${app.prefix}/`)) return false;
    const [path = ''] = url.slice(app.prefix.length).split('?', 1);
    const place = match(path);
    return place !== null && place !== 'malformed' && Object.values(place.params).some((text = '') => text.length > longest);
  };
  // Each registration of the plugin has its own table.
  let name = 'everwarmLongPath';
  while (app.hasConstraintStrategy(name)) name += 'Too';
  app.addConstraintStrategy({
    name,
    storage: storesByValue,
    deriveConstraint: ({ url }: { readonly url?: string | undefined }) => isTooLong(url),
    validate: () => undefined,
  });
  const problem: Problem = {
    status: 414,
    code: 'bad_url',
    detail: `A part of the path is longer than ${longest} characters, the most that this server takes.`,
  };
  // Descriptions of an API have nothing to say of it.
  const schema = { hide: true } as FastifySchema;
  app.get('/*', { schema, constraints: { [name]: true } }, (request, reply) => answer(request, reply, problemAnswer(problem, request.url)));
}

/** What a router keeps its routes in by what they are constrained to. */
function storesByValue<Store>() {
  const stores = new Map<unknown, Store>();
  return {
    get: (value: unknown) => stores.get(value) ?? null,
    set: (value: unknown, store: Store) => void stores.set(value, store),
  };
}
