import type { Generation, KeyColumn } from '#contracts/compiled.ts';
import type { Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { maxJobKeys } from '#contracts/job.ts';
import { type KeyValue, keyText } from '#contracts/key.ts';
import { projectionTable } from '#contracts/names.ts';
import { type EvictParts, evictKeys } from './evict-keys.ts';

/** Which documents: those whose key begins with this text, or, of a key of several columns, with these values, in the order of its columns. */
export type KeyPrefix = string | { readonly [column: string]: KeyValue };

/** The text that the keys meant begin with. Throws E_KEY where that would not mean what it says. */
export function prefixText(model: string, columns: readonly KeyColumn[], prefix: KeyPrefix): string {
  const [first] = columns;
  if (typeof prefix === 'string') {
    if (columns.length === 1 && first && first.type !== 'integer' && first.type !== 'bigint' && prefix !== '') return prefix;
    throw keyError(
      model,
      prefix === ''
        ? 'The empty text begins every key: everwarm.clear is the verb for all of them.'
        : columns.length > 1
          ? `It has several columns: give values of the first of ${columns.map(({ property }) => property).join(', ')}.`
          : 'It is a number, and numbers that begin with the same digits have nothing in common.',
    );
  }
  const given = Object.keys(prefix);
  const leading = columns.slice(0, given.length);
  if (
    given.length === 0 ||
    given.length > columns.length ||
    columns.length === 1 ||
    !leading.every(({ property }) => given.includes(property))
  )
    throw keyError(model, `Give values of its first columns, in the order ${columns.map(({ property }) => property).join(', ')}.`);
  const texts = leading.map((column) => JSON.stringify(keyText(model, column, prefix[column.property])));
  return `[${texts.join(',')}${leading.length < columns.length ? ',' : ']'}`;
}

/** A prefix as a person types it: the text itself for a key of one column, for several a JSON array of its first ones. Throws E_KEY. */
export function prefixOfText(model: string, columns: readonly KeyColumn[], text: string): KeyPrefix {
  if (columns.length === 1) return text;
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    values = null;
  }
  if (!Array.isArray(values)) throw keyError(model, 'Give a JSON array of the first values.');
  return Object.fromEntries(values.map((value, index) => [columns[index]?.property ?? String(index), value as KeyValue]));
}

/**
 * Evicts every stored document whose key begins with a text, in the order of keys, a batch at a time. Documents that are written
 * behind the place where it is are newer than the call, and stay. Returns how many were there.
 */
export async function evictWhere(parts: EvictParts, generations: readonly Generation[], prefix: string): Promise<number> {
  let taken = 0;
  for (const generation of generations)
    for await (const keys of storedKeys(parts.db, generation.id, prefix)) taken += await evictKeys(parts, [generation], keys, true);
  return taken;
}

async function* storedKeys(db: Transactions, generation: number, prefix: string): AsyncGenerator<readonly string[]> {
  let after: string | null = null;
  for (;;) {
    const { rows }: { rows: { key: string }[] } = await db.query<{ key: string }>(
      `select key from everwarm.${projectionTable(generation)}
where as_of > '-infinity' and key >= $1 and starts_with(key, $1) and ($2::text is null or key > $2) order by key limit ${maxJobKeys}`,
      [prefix, after],
    );
    if (rows.length > 0) yield rows.map(({ key }) => key);
    after = rows.at(-1)?.key ?? null;
    if (rows.length < maxJobKeys) return;
  }
}

function keyError(model: string, why: string): EverwarmError {
  return new EverwarmError('E_KEY', `This is no beginning of a key of ${model}. ${why}`, { context: { model } });
}
