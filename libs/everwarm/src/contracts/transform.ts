import type { Generation } from './compiled.ts';

/**
 * What a read model's own code makes of one document's text. Given the key, for messages. Throws E_TRANSFORM when the code
 * throws or gives something that is not JSON; nothing of that may be written.
 */
export type Transform = (key: string, text: string) => string;

/** The transforms that this process's code has. A generation's is the one of exactly its definition. */
export interface Transforms {
  /** The transform of a generation; null where it has none, and where this code is not the one that it was built for. */
  of(generation: Pick<Generation, 'name' | 'hash'>): Transform | null;
}

/** Whether this process's code can compute a generation: it needs no transform, or it is here. */
export function canCompute(transforms: Transforms, generation: Generation): boolean {
  return generation.model.transform === undefined || transforms.of(generation) !== null;
}

/** A key whose document could not be made: still owed, with the reason. The others of its batch are through. */
export type FailedKey = { readonly key: string; readonly error: unknown };
