import type { KeyColumn } from './compiled.ts';
import { EverwarmError } from './errors.ts';
import type { KeyInput } from './key.ts';

/**
 * A key as a person types it: the value itself for one column, for several a JSON array in their order or an object by column.
 * Throws E_KEY where that is not its form; its values are for `encodeKey` to check.
 */
export function keyOfText(model: string, columns: readonly KeyColumn[], text: string): KeyInput {
  if (columns.length === 1) return text;
  const parsed = parsedJson(text);
  const properties = columns.map((column) => column.property).join(', ');
  if (typeof parsed !== 'object' || parsed === null || (Array.isArray(parsed) && parsed.length !== columns.length))
    throw new EverwarmError('E_KEY', `The key for ${model} must be a JSON array of ${properties}, in this order.`, { context: { model } });
  const values: unknown = Array.isArray(parsed)
    ? Object.fromEntries(columns.map(({ property }, index) => [property, parsed[index]]))
    : parsed;
  return values as KeyInput;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
