import type { Command } from 'commander';
import { reportFailure } from '#report-failure.ts';
import { inSession } from './session.ts';

/**
 * Adds `everwarm work`: relay and workers in this process until SIGTERM or SIGINT, then running batches finish. Prints `ready`
 * when it runs and `stopped` at the end; with --json `{ state }`.
 */
export function addWork(program: Command): void {
  let isRunning = false;
  const command = program
    .command('work')
    .description('run relay and workers until SIGTERM or SIGINT, then finish what is running')
    .action(() =>
      inSession(
        command,
        async ({ everwarm, output }) => {
          // Listening from here on, so that a signal during the start is not lost.
          const asked = stopAsked();
          await everwarm.start();
          isRunning = true;
          output.result({ state: 'ready' }, 'ready');
          await asked;
          await everwarm.stop();
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

/** Resolves at the first signal. Later ones change nothing: a terminal and a parent process may both send it. */
function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
}
