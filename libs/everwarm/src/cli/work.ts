import type { Command } from 'commander';
import { reportFailure } from '#report-failure.ts';
import { inSession } from './session.ts';

/**
 * Adds `everwarm work`: relay and workers in this process until SIGTERM or SIGINT, then running batches finish. Prints `ready`
 * when it runs and `stopped` at the end; with --json `{ state }`. When its grace period ends first, or a second signal comes, it ends at
 * once with exit code 1: what it had at hand stays owed.
 */
export function addWork(program: Command): void {
  let isRunning = false;
  const command = program
    .command('work')
    .description('run relay and workers until SIGTERM or SIGINT, then finish what is running; a second one ends it at once')
    .action(() =>
      inSession(
        command,
        async ({ everwarm, output }) => {
          // Listening from here on, so that a signal during the start is not lost.
          const asked = stopAsked();
          await everwarm.start();
          isRunning = true;
          output.result({ state: 'ready' }, 'ready');
          await asked.once;
          await everwarm.stop({ force: asked.again });
          output.result({ state: 'stopped' }, 'stopped');
          return 'done';
        },
        // Until it runs, what goes wrong ends the command, and is said once.
        (error, during) => {
          if (isRunning) reportFailure(error, during);
        },
      ),
    );
}

/** How soon after the first signal another one is the same wish: a terminal and a parent process may both send it. */
const sameWishMs = 500;

/** The first signal, and the one that says that patience is over. */
function stopAsked(): { readonly once: Promise<void>; readonly again: AbortSignal } {
  const again = new AbortController();
  let askedAt: number | null = null;
  const once = new Promise<void>((resolve) => {
    const ask = () => {
      if (askedAt !== null && performance.now() - askedAt > sameWishMs) again.abort();
      askedAt ??= performance.now();
      resolve();
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, ask);
  });
  return { once, again: again.signal };
}
