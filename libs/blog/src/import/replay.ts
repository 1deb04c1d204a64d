import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { BlogError } from '../errors.ts';
import { applyStep, type Replaying } from './apply-step.ts';
import { createKnownIds } from './known-ids.ts';
import { advanceSql, type Place } from './position.ts';
import { type Step, stepsAfter } from './step.ts';
import { transact, type Writer } from './transact.ts';

/** How a run is bounded, and who is told of it. */
export type ReplayOptions = {
  /** Stop after so many steps. */
  readonly limit: number;
  /** At most so many steps per second. */
  readonly rate: number;
  /** Called after each step with what became of it. */
  readonly onStep: (step: Step, outcome: 'written' | 'refused', reason?: string) => void;
};

const BATCH = 500;

/**
 * Writes the steps after `place` in their order, each as a transaction of its own together with its place, so that a run killed
 * anywhere goes on with the first step not written. A step that the blog refuses is passed over and told. Returns whether the
 * end was reached.
 */
export async function replay(
  client: pg.Client,
  writer: Writer,
  source: string,
  place: Place | null,
  options: ReplayOptions,
): Promise<boolean> {
  const replaying = { source, ids: createKnownIds() };
  const began = performance.now();
  let last = place;
  let count = 0;
  for (;;) {
    const steps = await stepsAfter(client, last, Math.min(BATCH, options.limit - count));
    if (steps.length === 0) return count < options.limit || (await stepsAfter(client, last, 1)).length === 0;
    for (const step of steps) {
      const early = began + (count / options.rate) * 1000 - performance.now();
      if (early > 1) await delay(early);
      const refusal = await writeStep(writer, step, replaying);
      options.onStep(step, refusal === null ? 'written' : 'refused', refusal ?? undefined);
      count += 1;
      last = step;
    }
  }
}

/** Returns why the blog refused the step, or null. Anything but a refusal is thrown, with the place unmoved. */
async function writeStep(writer: Writer, step: Step, replaying: Replaying): Promise<string | null> {
  for (const retry of [true, false]) {
    try {
      await transact(writer, (tx) => applyStep(tx, step, replaying), advanceSql(replaying.source, step, 1));
      return null;
    } catch (error) {
      replaying.ids.forget();
      if (!(error instanceof BlogError)) throw error;
      // A remembered row may be gone, or somebody made the same tag at the same time: look again, once.
      if (retry && (error.code === 'not_found' || error.code === 'conflict')) continue;
      await writer.client.query(advanceSql(replaying.source, step, 1));
      return error.message;
    }
  }
  return null;
}
