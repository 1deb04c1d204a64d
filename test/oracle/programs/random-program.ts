import { createRandom } from '@everwarm/testkit';
import { randomSwarm } from './features.ts';
import type { Declarations } from './program.ts';
import { randomLists, randomModels } from './random-models.ts';
import { randomSchema } from './random-schema.ts';

/** The declarations of a seed, and the features they were made with. */
export function randomDeclarations(seed: number): Declarations & { readonly on: readonly string[] } {
  const random = createRandom(seed);
  const swarm = randomSwarm(random.fork());
  const schema = randomSchema(random.fork(), swarm);
  const models = randomModels(random.fork(), swarm, schema);
  return { schema, models, lists: randomLists(random.fork(), swarm, schema, models), on: swarm.on };
}
