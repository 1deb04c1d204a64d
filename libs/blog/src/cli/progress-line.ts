import { isTTY, progress } from '@clack/prompts';

/** Shows how far a long piece of work has come. */
export type ProgressLine = {
  /** So many steps more are done. */
  add(steps: number): void;
  /** Takes the bar away and leaves `line` in its place. */
  end(line: string): void;
};

const PLAIN_EVERY_MS = 2_000;

/**
 * Starts to show progress towards `total` steps on stderr: a bar on a terminal; elsewhere a plain line every two seconds, so
 * that a log stays readable.
 */
export function startProgress(label: string, total: number): ProgressLine {
  return isTTY(process.stderr) ? bar(label, total) : plainLines(label, total);
}

function plainLines(label: string, total: number): ProgressLine {
  const began = performance.now();
  let done = 0;
  let printed = began;
  return {
    add(steps) {
      done += steps;
      const now = performance.now();
      if (now - printed < PLAIN_EVERY_MS) return;
      printed = now;
      console.error(`${label}: ${state(done, total, began)}`);
    },
    end: (line) => console.error(line),
  };
}

function bar(label: string, total: number): ProgressLine {
  const began = performance.now();
  const shown = progress({ max: Math.max(1, total), size: 40, output: process.stderr, onCancel: () => process.exit(130) });
  shown.start(label);
  let done = 0;
  let drawn = began;
  let pending = 0;
  return {
    add(steps) {
      done += steps;
      pending += steps;
      const now = performance.now();
      if (now - drawn < 100) return;
      drawn = now;
      shown.advance(pending, `${label}: ${state(done, total, began)}`);
      pending = 0;
    },
    end(line) {
      shown.advance(pending);
      shown.stop(line);
    },
  };
}

function state(done: number, total: number, began: number): string {
  const perSecond = (done / (performance.now() - began)) * 1000;
  const left = perSecond > 0 ? Math.ceil((total - done) / perSecond) : 0;
  return `${done.toLocaleString('en')} of ${total.toLocaleString('en')}, ${Math.round(perSecond).toLocaleString('en')}/s, ${left} s left`;
}
