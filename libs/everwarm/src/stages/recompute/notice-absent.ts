import { EverwarmError } from '#contracts/errors.ts';
import type { Generations } from '#contracts/generations.ts';
import { canCompute, type Transforms } from '#contracts/transform.ts';

/**
 * A look at the generations for those that this process's code cannot compute. Each is told of once: its keys are left, without
 * an attempt being counted, to processes that have the code, and whether there is one is what `status` says.
 */
export function noticeAbsent(
  generations: Generations,
  transforms: Transforms,
  onError: (error: unknown, during: string) => void,
): () => Promise<void> {
  const told = new Set<number>();
  return async () => {
    for (const generation of await generations.live()) {
      if (told.has(generation.id) || canCompute(transforms, generation)) continue;
      told.add(generation.id);
      const { name, id, model } = generation;
      onError(
        new EverwarmError(
          'E_TRANSFORM',
          `This process does not have the transform of ${name} that generation ${id} needs (revision ${model.transform?.revision}): its keys are left to processes that do. After a deploy is over, stop the old processes or start the new ones.`,
          { context: { model: name, generation: id } },
        ),
        `recompute of ${name}`,
      );
    }
  };
}
