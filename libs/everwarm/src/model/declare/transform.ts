import { EverwarmError } from '#contracts/errors.ts';
import type { Transform } from '#contracts/transform.ts';
import { definition } from '#model/schema.ts';

/** A read model's own code over its documents: a pure function of the JSON form, and the number that changes when it does. */
export type Transformation = { readonly revision: number; readonly apply: (document: never) => unknown };

/** Checks a transformation as it is declared. Throws E_DEFINITION. */
export function checkTransformation(name: string, { revision, apply }: Transformation): void {
  if (!Number.isSafeInteger(revision) || revision < 0)
    throw definition(
      `${name}.transform`,
      `has the revision ${String(revision)}, which is not a whole number. Count its changes: 1, 2, 3, …`,
    );
  if (typeof apply !== 'function') throw definition(`${name}.transform`, 'needs a function of the document.');
}

/**
 * A transformation over texts. The result is held to be plain JSON before it is written down: what `JSON.stringify` would
 * drop, turn into null or call a method for is refused, since the document's type would then say what the document does not.
 */
export function textTransform(name: string, { apply }: Transformation): Transform {
  return (key, text) => {
    const failed = (what: string, cause?: unknown) =>
      new EverwarmError('E_TRANSFORM', `The transform of ${name} ${what} for the key ${JSON.stringify(key)}.`, {
        cause,
        context: { model: name, key },
      });
    let made: unknown;
    try {
      made = apply(JSON.parse(text) as never);
    } catch (cause) {
      throw failed(`threw "${cause instanceof Error ? cause.message : String(cause)}"`, cause);
    }
    if (made === null) throw failed('gave null, and only "where" says which rows have a document,');
    const fault = faultIn(made, '', new Set());
    if (fault !== null) throw failed(`gave ${fault}, which is not JSON,`);
    return JSON.stringify(made);
  };
}

/** What in a value JSON cannot say, and where; null when there is nothing. */
function faultIn(value: unknown, path: string, above: Set<object>): string | null {
  const at = (what: string) => (path === '' ? what : `${what} at ${path}`);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null;
  if (typeof value === 'number') return Number.isFinite(value) ? null : at(String(value));
  if (typeof value !== 'object') return at(value === undefined ? 'undefined' : `a ${typeof value}`);
  if (above.has(value)) return at('a value that contains itself');
  const prototype: unknown = Object.getPrototypeOf(value);
  const isArray = Array.isArray(value);
  if (!isArray && prototype !== Object.prototype && prototype !== null) return at(`a ${value.constructor?.name ?? 'class instance'}`);
  if ('toJSON' in value) return at('an object with toJSON');
  above.add(value);
  // Not `Object.entries`: a hole in an array would be passed over here and written as null.
  const keys = isArray ? [...value.keys()] : Object.keys(value);
  for (const key of keys) {
    const fault = faultIn(Reflect.get(value, key), isArray ? `${path}[${key}]` : path === '' ? String(key) : `${path}.${key}`, above);
    if (fault !== null) return fault;
  }
  above.delete(value);
  return null;
}
