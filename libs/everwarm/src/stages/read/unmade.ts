import type { Generation } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { failureOf, isFailureOfValue } from '#contracts/failure.ts';

/** What becomes of a document that no store has and that cannot be made from what its rows say. May throw. */
export type Unmade = (error: EverwarmError) => void;

/** Whoever asks for such a document by its key hears why there is none: it exists, so null would be a lie. */
export const refuse: Unmade = (error) => {
  throw error;
};

/** A page goes on without such a document: one row nobody can show must not take the others from a reader. */
export const leaveOut: Unmade = () => undefined;

/**
 * Asks about keys together, and where the statement fails by a value of some in ever smaller parts, until those stand alone. They
 * are handed to `unmade` and left out.
 */
export async function askApart<Row>(
  generation: Generation,
  keys: readonly string[],
  ask: (keys: readonly string[]) => Promise<readonly Row[]>,
  unmade: Unmade,
): Promise<readonly Row[]> {
  try {
    return await ask(keys);
  } catch (error) {
    if (!isFailureOfValue(error)) throw error;
    const [key = ''] = keys;
    if (keys.length === 1) {
      unmade(unmakeable(generation, key, error));
      return [];
    }
    const middle = keys.length >> 1;
    const first = await askApart(generation, keys.slice(0, middle), ask, unmade);
    return [...first, ...(await askApart(generation, keys.slice(middle), ask, unmade))];
  }
}

/** The error of a document that cannot be made. One of the engine's own, such as E_TRANSFORM, is itself. */
export function unmakeable({ name }: Generation, key: string, cause: unknown): EverwarmError {
  if (cause instanceof EverwarmError && !isFailureOfValue(cause)) return cause;
  const why = failureOf(cause).words;
  return new EverwarmError(
    'E_DOCUMENT',
    `The document of ${name} for the key ${JSON.stringify(key)} cannot be made from what its rows say: ${why}. Mend the row; everwarm quarantine list says more.`,
    { cause, context: { model: name, key } },
  );
}
