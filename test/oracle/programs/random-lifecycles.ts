import type { Random } from '@everwarm/testkit';
import type { Lifecycle } from 'everwarm';
import type { Swarm } from './features.ts';
import type { Declarations, ListSpec, ModelSpec } from './program.ts';

type Declared = Pick<Declarations, 'models' | 'lists' | 'later'>;

/** Gives some of the read models and lists a lifecycle. A later release may give another one, to the same definition or a new one. */
export function withLifecycles<D extends Declared>(random: Random, swarm: Swarm, declared: D): D {
  const models = declared.models.map((model) => living(random, swarm, model));
  const lists = declared.lists.map(
    (list): ListSpec => (swarm('written inline') && random.chance(0.5) ? { ...list, lifecycle: 'inline' } : list),
  );
  const changed = (declared.later ?? []).map((model) => living(random, swarm, model));
  // A release may change nothing but lifecycles.
  const switched = declared.later
    ? declared.models.filter(({ name }) => !changed.some((other) => other.name === name)).map((model) => living(random, swarm, model))
    : [];
  const later = [...changed, ...switched];
  return { ...declared, models, lists, ...(later.length > 0 && { later }) };
}

function living(random: Random, swarm: Swarm, model: ModelSpec): ModelSpec {
  const lifecycle = lifecycleOf(random, swarm, model);
  return lifecycle === null ? model : { ...model, lifecycle };
}

function lifecycleOf(random: Random, swarm: Swarm, { transformed, outside }: ModelSpec): Lifecycle | null {
  if (swarm('written inline') && !transformed && !outside && random.chance(0.5)) return 'inline';
  return swarm('filled when read') && random.chance(0.5) ? { lazy: { refresh: random.pick(['evict', 'recompute'] as const) } } : null;
}
