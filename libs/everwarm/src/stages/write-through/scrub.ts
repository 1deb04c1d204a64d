import type { Generation } from '#contracts/compiled.ts';
import { isPageRight } from './compare-page.ts';
import { partitionsOf } from './partitions.ts';
import type { PayParts } from './pay.ts';
import { fillUntilWhole } from './publish-entries.ts';
import { sweepDocuments } from './sweep-documents.ts';

/** The share of time that scrubbing may take, and the least pause between two steps, in milliseconds. */
const pace = { share: 0.05, leastMs: 20 } as const;

/** How long it rests between two passes over everything, in milliseconds. */
const restMs = 5000;

/** How many pages one step compares. */
const pages = 20;

/** Where scrubbing is: at which generation, and after which of its keys. */
type Progress = { generation: number | null; after: string | null };

/**
 * Compares all that Redis should hold with what Postgres has, step by step, for ever, at a bounded rate, and puts right what
 * differs: keys that were deleted, tails that were lost unnoticed, pages that show what is not. A step that fails is done again, and the
 * first pass begins anywhere: where leaders come and go, or Redis does, what lies behind would never have its turn. Returns a function
 * that does one step and tells after how many milliseconds to do the next.
 */
export function scrubber(parts: PayParts): () => Promise<number> {
  const progress: Progress = { generation: null, after: null };
  let steps = pass(parts, progress);
  return async () => {
    const began = performance.now();
    try {
      const { done } = await steps.next();
      if (!done) return Math.max(pace.leastMs, (performance.now() - began) / pace.share);
      steps = pass(parts, progress);
      return restMs;
    } catch (error) {
      steps = pass(parts, progress);
      throw error;
    }
  };
}

/** Goes once round all generations, from where the last one that did not come to its end had been. */
async function* pass(parts: PayParts, progress: Progress): AsyncGenerator<void, void> {
  const all = await parts.generations();
  const known = all.findIndex(({ id }) => id === progress.generation);
  const start = known < 0 ? Math.floor(Math.random() * all.length) : known;
  for (const generation of [...all.slice(start), ...all.slice(0, start)]) {
    if (progress.generation !== generation.id) Object.assign(progress, { generation: generation.id, after: null });
    try {
      yield* generation.model.kind === 'document' ? scrubDocuments(parts, generation, progress) : scrubPages(parts, generation);
    } catch (error) {
      // The generation was dropped meanwhile, its table with it.
      if (!(error instanceof Error && 'code' in error && error.code === '42P01')) throw error;
    }
  }
  Object.assign(progress, { generation: null, after: null });
}

async function* scrubDocuments({ db, redis, space }: PayParts, generation: Generation, progress: Progress): AsyncGenerator<void, void> {
  do {
    progress.after = (await sweepDocuments(db, redis, space, generation, progress.after)).next;
    yield;
  } while (progress.after !== null);
}

async function* scrubPages({ db, redis, space }: PayParts, list: Generation): AsyncGenerator<void, void> {
  let compared = 0;
  for await (const partition of partitionsOf(db, list.id)) {
    const isRight = () => isPageRight(db, redis, space, list, partition);
    // Asked again: what was being published at that moment is right at the next.
    if (!(await isRight()) && !(await isRight())) await fillUntilWhole(redis, space, db, list, partition);
    if (++compared % pages === 0) yield;
  }
  yield;
}
