import type { EverwarmConfig } from '#config.ts';
import { EverwarmError } from '#contracts/errors.ts';
import type { AnyModel } from '#model/declare/define.ts';

/** The declared read models and lists of these names, in this order. Throws E_UNKNOWN_MODEL, before anything is begun, when one is not. */
export function declaredModels({ readModels }: EverwarmConfig, names: readonly string[]): readonly AnyModel[] {
  return names.map((name) => {
    const found = readModels.find((model) => model.name === name);
    if (found) return found;
    const known = readModels.map((model) => model.name).join(', ');
    throw new EverwarmError('E_UNKNOWN_MODEL', `There is no read model "${name}". Known: ${known}.`, { context: { model: name } });
  });
}
