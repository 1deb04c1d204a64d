import type { Transform, Transforms } from '#contracts/transform.ts';
import { definitionHash } from '#model/compile.ts';
import type { Casing } from '#model/schema.ts';
import type { AnyModel } from './define.ts';
import { textTransform } from './transform.ts';

/** The transforms of declared models, found by the definition that each belongs to. */
export function transformsOf(models: readonly AnyModel[], casing: Casing | undefined): Transforms {
  const known = new Map<string, Transform>();
  for (const model of models) {
    if (model.kind === 'document' && model.transformation !== null)
      known.set(`${model.name} ${definitionHash(model.compile(casing))}`, textTransform(model.name, model.transformation));
  }
  return { of: ({ name, hash }) => known.get(`${name} ${hash}`) ?? null };
}
