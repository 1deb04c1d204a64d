import type { Generation } from '#contracts/compiled.ts';
import { lazyTerms } from '#contracts/lazy.ts';
import { mayShow } from './document-reader.ts';
import type { Held } from './memory.ts';
import type { RawDocument, ReadParts } from './read-parts.ts';

/**
 * What this process's memory says of a key: its document, null where it is known that there is none, undefined where the stores are to
 * be asked. Costs no promise, no copy and no parsing, and gives the same object each time while it is held. Not for reads that ask
 * to be fresh: memory has heard of a change some moments later than Redis has it.
 */
export function recall(parts: ReadParts, generation: Generation, key: string): RawDocument | null | undefined {
  const { memory, mostRead, stats } = parts;
  if (memory === null) return undefined;
  const startedAt = performance.now();
  const held = memory.recall(`${generation.id}:${key}`, startedAt);
  if (held === null || isOver(generation, held) || !mayShow(parts, generation, key, held)) {
    stats.miss(generation, 'memory');
    return undefined;
  }
  mostRead.count(generation.id, key);
  stats.hit(generation, 'memory', stats.timed() ? startedAt : 0);
  return held.answer;
}

/** Whether the time of a lazy model's document is over: whoever reads it from a store has it made anew. */
function isOver({ lifecycle }: Generation, { answer }: Held): boolean {
  const terms = lazyTerms(lifecycle);
  return terms !== null && answer !== null && Date.now() - answer.asOf > terms.freshMs;
}

/**
 * Several documents, in the order of their keys: those that memory holds, and what `read` gives of the others. Of what memory knows
 * to be absent the stores are asked again: the entry on a page that leads here may be newer.
 */
export async function recallDocuments(
  parts: ReadParts,
  generation: Generation,
  keys: readonly string[],
  read: (keys: readonly string[]) => Promise<(RawDocument | null)[]>,
): Promise<(RawDocument | null)[]> {
  if (parts.memory === null) return read(keys);
  const held = keys.map((key) => recall(parts, generation, key) ?? null);
  const missing = keys.filter((_, index) => held[index] === null);
  const answers = missing.length === 0 ? [] : await read(missing);
  let next = 0;
  return held.map((document) => document ?? answers[next++] ?? null);
}
