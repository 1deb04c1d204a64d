import { definition } from '#model/schema.ts';

/** A query config as it is at run time: Drizzle's relational query plus `through` and `aggregates`. */
export type RawQuery = { readonly [option: string]: unknown };

/** Refuses an option that the engine does not know, so that nothing that was written is ever silently ignored. */
export function knownOption(option: string, known: ReadonlySet<string>, path: string): void {
  if (!known.has(option))
    throw definition(path, `has the option "${option}", which is not supported. Supported are: ${[...known].join(', ')}.`);
}

/** A part of a declaration that must be an object. */
export function object(value: unknown, path: string): RawQuery {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) throw definition(path, 'must be an object.');
  return value as RawQuery;
}

/** The entries of an optional part of a declaration. */
export function entries(value: unknown, path: string): [string, unknown][] {
  return value === undefined ? [] : Object.entries(object(value, path));
}
