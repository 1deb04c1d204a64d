import { createRandom } from '@everwarm/testkit';
import { randomSwarm } from './features.ts';
import type { Declarations } from './program.ts';
import { withLifecycles } from './random-lifecycles.ts';
import { randomLater, randomLists, randomModels } from './random-models.ts';
import { randomSchema } from './random-schema.ts';

/** The declarations of a seed, and the features they were made with. */
export function randomDeclarations(seed: number): Declarations & { readonly on: readonly string[] } {
  const random = createRandom(seed);
  const swarm = randomSwarm(random.fork());
  const schema = randomSchema(random.fork(), swarm);
  const models = randomModels(random.fork(), swarm, schema);
  const lists = randomLists(random.fork(), swarm, schema, models);
  const later = randomLater(random.fork(), swarm, schema, models);
  return {
    schema,
    ...withLifecycles(random.fork(), swarm, { models, lists, ...(later.length > 0 && { later }) }),
    // Where nothing looks at the time, nobody has to wait for it.
    ...(swarm('moments that pass') && JSON.stringify([models, later, lists]).includes('"is":"over"') && { moments: true }),
    ...(swarm('evictions') && { evictions: true }),
    on: swarm.on,
  };
}
