import type { CompiledModel } from '#contracts/compiled.ts';
import { lazyTerms } from '#contracts/lazy.ts';
import { type LazyLifecycle, type Lifecycle, lifecycleKind } from '#contracts/lifecycle.ts';
import { definition } from '#model/schema.ts';

/** A lifecycle as it was declared; `async` where none was. Throws E_DEFINITION for what is none. */
export function checkLifecycle(name: string, declared: unknown): Lifecycle {
  if (declared === undefined) return 'async';
  if (declared === 'async' || declared === 'inline') return declared;
  if (
    typeof declared === 'object' &&
    declared !== null &&
    'lazy' in declared &&
    typeof declared.lazy === 'object' &&
    declared.lazy !== null
  )
    return checkLazy(name, declared.lazy);
  throw definition(`${name}.lifecycle`, `is ${JSON.stringify(declared)}. It must be 'async', 'inline' or { lazy: { … } }.`);
}

function checkLazy(name: string, lazy: LazyLifecycle): Lifecycle {
  const unknown = Object.keys(lazy).find((setting) => !settings.has(setting));
  if (unknown !== undefined)
    throw definition(`${name}.lifecycle.lazy.${unknown}`, `is no setting of a lazy read model. Known: ${[...settings].join(', ')}.`);
  if (lazy.refresh !== undefined && lazy.refresh !== 'evict' && lazy.refresh !== 'recompute')
    throw definition(`${name}.lifecycle.lazy.refresh`, `is ${JSON.stringify(lazy.refresh)}. It must be 'evict' or 'recompute'.`);
  try {
    lazyTerms({ lazy });
  } catch (error) {
    throw definition(`${name}.lifecycle`, error instanceof Error ? error.message : String(error));
  }
  if (lazy.staleWhileRevalidate !== undefined && lazy.expireAfter === undefined)
    throw definition(
      `${name}.lifecycle.lazy.staleWhileRevalidate`,
      'says for how long a document is still given away after "expireAfter". Give that, too.',
    );
  return { lazy };
}

const settings: ReadonlySet<string> = new Set<keyof LazyLifecycle>(['expireAfter', 'staleWhileRevalidate', 'refresh']);

/** The same for a list, whose entries have an order only where all of them are known: it cannot be lazy. */
export function checkListLifecycle(name: string, declared: unknown): Lifecycle {
  const lifecycle = checkLifecycle(name, declared);
  if (lifecycleKind(lifecycle) === 'lazy')
    throw definition(`${name}.lifecycle`, `is lazy, which a list cannot be: a page needs all entries. Make its item model lazy instead.`);
  return lifecycle;
}

/** Throws E_DEFINITION where a model with a transform is to be written in its writers' transactions: Postgres cannot run its code. */
export function checkTransformed(name: string, lifecycle: Lifecycle): void {
  if (lifecycle === 'inline')
    throw definition(
      `${name}.lifecycle`,
      `is 'inline', and the model has a transform: its code cannot run in Postgres, inside the writer's transaction. Leave out the one or the other.`,
    );
}

/** A compiled model that says what its lifecycle is. */
export function living(model: CompiledModel, lifecycle: Lifecycle): CompiledModel {
  return lifecycle === 'async' ? model : { ...model, lifecycle };
}
