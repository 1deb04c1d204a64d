import { failureOf, printFailure } from './failure.ts';
import { buildProgram } from './program.ts';

/*
 * The command line, run when this module is loaded. Whatever goes wrong becomes one line on stderr and an exit code:
 * 0 done, 1 failed, 2 the command line or the configuration is wrong.
 */

function fail(error: unknown): void {
  const failure = failureOf(error);
  process.exitCode = failure.exitCode;
  printFailure(failure, { json: process.argv.includes('--json'), debug: process.env['EVERWARM_DEBUG'] === '1' });
}

/** Pools and clients that the configuration made itself would keep the process alive; what was printed must be out first. */
function exitWhenWritten(): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}

// A listener that pipes into `head` has seen enough.
process.stdout.on('error', () => process.exit());
process.on('uncaughtException', (error) => {
  fail(error);
  exitWhenWritten();
});

await buildProgram()
  .parseAsync(process.argv)
  .catch((error: unknown) => fail(error));
exitWhenWritten();
