import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { isPageRight } from './compare-page.ts';
import { partitionsOf } from './partitions.ts';
import type { PayParts } from './pay.ts';
import { fillUntilWhole } from './publish-entries.ts';
import { isRedisTrouble } from './redis-trouble.ts';
import { sweepDocuments } from './sweep-documents.ts';

/** The share of time that scrubbing may take, and the least pause between two steps, in milliseconds. */
const pace = { share: 0.05, leastMs: 20 } as const;

/** How long it rests between two passes over everything, in milliseconds. */
const restMs = 5000;

/** How many pages one step compares. */
const pages = 20;

/** Where scrubbing is: at this generation or the next there is, and after which of its keys, or partitions of a list. */
type Position = { readonly generation: number; readonly after: string | null };

/** Where a pass begins. */
const begin: Position = { generation: 0, after: null };

/**
 * Compares all that Redis should hold with what Postgres has, step by step, for ever, at a bounded rate, and puts right what
 * differs: keys that were deleted, tails that were lost unnoticed, pages that show what is not. Where it is stands in Postgres: whoever
 * leads next goes on from there, and where leaders come and go everything has its turn all the same. A step that fails is done again;
 * one that fails twice running leaves its generation to the next pass, so that the others have their turn.
 * Returns a function that does one step and tells after how many milliseconds to do the next.
 */
export function scrubber(parts: PayParts): () => Promise<number> {
  let failing: number | null = null;
  const fail = (generation: number) => {
    const again = failing === generation;
    failing = generation;
    return again;
  };
  let steps = pass(parts, fail);
  return async () => {
    const began = performance.now();
    try {
      const { done } = await steps.next();
      failing = null;
      if (!done) return Math.max(pace.leastMs, (performance.now() - began) / pace.share);
      steps = pass(parts, fail);
      return restMs;
    } catch (error) {
      steps = pass(parts, fail);
      throw error;
    }
  };
}

/**
 * Goes through all generations, in the order of their numbers, from where the last pass is that did not come to its end. `fail` is told
 * of one whose step failed, and says whether it did so at the last step too.
 */
async function* pass(parts: PayParts, fail: (generation: number) => boolean): AsyncGenerator<void, void> {
  const { db } = parts;
  const last = await readPosition(db);
  const all = [...(await parts.generations())].sort((one, other) => one.id - other.id);
  for (const generation of all.filter(({ id }) => id >= last.generation)) {
    const scrub = generation.model.kind === 'document' ? scrubDocuments : scrubPages;
    try {
      for await (const after of scrub(parts, generation, generation.id === last.generation ? last.after : null)) {
        await savePosition(db, after === null ? { generation: generation.id + 1, after } : { generation: generation.id, after });
        yield;
      }
    } catch (error) {
      // The generation was dropped meanwhile, its table with it.
      if (error instanceof Error && 'code' in error && error.code === '42P01') continue;
      if (fail(generation.id) && !isRedisTrouble(error)) await savePosition(db, { generation: generation.id + 1, after: null });
      throw error;
    }
  }
  await savePosition(db, begin);
}

/** Yields after each step the key to go on after, and null after the last. */
async function* scrubDocuments(
  { db, redis, space }: PayParts,
  generation: Generation,
  after: string | null,
): AsyncGenerator<string | null, void> {
  let next = after;
  do {
    next = (await sweepDocuments(db, redis, space, generation, next)).next;
    yield next;
  } while (next !== null);
}

/** The same for the partitions of a list. */
async function* scrubPages({ db, redis, space }: PayParts, list: Generation, after: string | null): AsyncGenerator<string | null, void> {
  let compared = 0;
  for await (const partition of partitionsOf(db, list.id, after)) {
    const isRight = () => isPageRight(db, redis, space, list, partition);
    // Asked again: what was being published at that moment is right at the next.
    if (!(await isRight()) && !(await isRight())) await fillUntilWhole(redis, space, db, list, partition);
    if (++compared % pages === 0) yield partition;
  }
  yield null;
}

async function readPosition(db: Database): Promise<Position> {
  const { rows } = await db.query<Position>('select generation, after from everwarm.scrub_position');
  return rows[0] ?? begin;
}

async function savePosition(db: Database, { generation, after }: Position): Promise<void> {
  await db.query('update everwarm.scrub_position set generation = $1, after = $2', [generation, after]);
}
