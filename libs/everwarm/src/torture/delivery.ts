import { setTimeout as pause } from 'node:timers/promises';
import type { Load } from './types.ts';

/**
 * Watches changes become documents: a mark is written, looked for until every copy and reader shows it, and then the next. What
 * was committed before a visible mark was written counts as delivered.
 */
export type Delivery = {
  /** Delivered changes per second over the last so many milliseconds. */
  rate(overMs: number): number;
  /** Resolves with true when a mark that is written after the call is visible, with false when `withinMs` are over. */
  nextMark(withinMs: number): Promise<boolean>;
  stop(): Promise<void>;
};

const lookEveryMs = 20;

/** After this another mark is written: one that was lost with the tail of a server is never seen. */
const markLastsMs = 5000;

/** How long samples are kept; rates are asked over less. */
const keptMs = 30_000;

/** Begins watching. The load must run. The caller must `stop`, before it stops the load. */
export function watchDelivery(load: Load): Delivery {
  const samples: { readonly at: number; readonly delivered: number }[] = [{ at: performance.now(), delivered: load.committed() }];
  let marks = 0;
  let writing = 0;
  let isStopping = false;

  const watch = async (): Promise<void> => {
    while (!isStopping) {
      const committed = load.committed();
      writing++;
      const mark = await load.mark();
      const until = performance.now() + markLastsMs;
      let isVisible = false;
      while (!isStopping && !isVisible && performance.now() < until) {
        isVisible = await mark.isVisible().catch(() => false);
        if (!isVisible) await pause(lookEveryMs);
      }
      if (isStopping) return;
      if (!isVisible) continue;
      marks = writing;
      const at = performance.now();
      samples.push({ at, delivered: committed });
      while (samples.length > 2 && samples[1]!.at < at - keptMs) samples.shift();
      await pause(lookEveryMs);
    }
  };
  const watching = watch();

  return {
    rate(overMs) {
      const now = performance.now();
      const last = samples.at(-1)!;
      const first = samples.findLast(({ at }) => at <= now - overMs) ?? samples[0]!;
      return first === last ? 0 : ((last.delivered - first.delivered) * 1000) / (now - first.at);
    },
    async nextMark(withinMs) {
      const wanted = writing + 1;
      const end = performance.now() + withinMs;
      while (marks < wanted) {
        if (performance.now() >= end) return false;
        await pause(lookEveryMs);
      }
      return true;
    },
    async stop() {
      isStopping = true;
      await watching;
    },
  };
}
