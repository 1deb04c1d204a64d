import type { CompiledModel, Generation } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import type { Generations } from '#contracts/generations.ts';
import type { AnyModel } from '#model/declare/define.ts';

/** Finds a declared read model by itself or its name. What it gives throws E_UNKNOWN_MODEL. */
export function declaredAmong(models: readonly CompiledModel[]): (model: AnyModel | string) => CompiledModel {
  return (model) => {
    const name = typeof model === 'string' ? model : model.name;
    const found = models.find((known) => known.name === name);
    if (found) return found;
    throw new EverwarmError(
      'E_UNKNOWN_MODEL',
      `There is no read model "${name}". Known: ${models.map((known) => known.name).join(', ')}.`,
      { context: { model: name } },
    );
  };
}

/** The live generations of a read model, as the database has them now; at least one. Throws E_NOT_MIGRATED. */
export async function liveOf(
  generations: Generations,
  { name }: Pick<CompiledModel, 'name'>,
): Promise<readonly [Generation, ...Generation[]]> {
  const [first, ...others] = (await generations.look()).filter((generation) => generation.name === name);
  if (first) return [first, ...others];
  throw new EverwarmError('E_NOT_MIGRATED', `"${name}" has no generation in this database. Run everwarm migrate.`, {
    context: { model: name },
  });
}

/** Of these generations the one that serves, or else the first. */
export function servingAmong(generations: readonly [Generation, ...Generation[]]): Generation {
  return generations.find(({ state }) => state === 'serving') ?? generations[0];
}
