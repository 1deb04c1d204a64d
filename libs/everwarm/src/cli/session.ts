import type { Command } from 'commander';
import type { EverwarmConfig } from '#config.ts';
import type { Everwarm } from '#everwarm.ts';
import { createOutput, type Output } from './output.ts';

/** What a verb works with. */
export type Session = { readonly everwarm: Everwarm; readonly config: EverwarmConfig; readonly output: Output };

/** How a verb ended: `failed` when it ran and what it found is bad, which is exit code 1 without an error. */
export type Outcome = 'done' | 'failed';

/**
 * Runs one verb: loads the configuration, creates Everwarm on it, and stops it whatever happens. `onError` is told of failures
 * that the pipeline survives, unless the configuration takes them; a verb that does not run it needs none, since its own answer
 * says what is wrong.
 */
export async function inSession(
  command: Command,
  action: (session: Session) => Promise<Outcome>,
  onError: (error: unknown, during: string) => void = () => undefined,
): Promise<void> {
  const { config: file, json = false } = command.optsWithGlobals<{ readonly config?: string; readonly json?: boolean }>();
  // Loaded here, so that help and usage errors do not wait for drivers and compilers.
  const [{ loadConfig }, { createEverwarm }] = await Promise.all([import('./load-config.ts'), import('#everwarm.ts')]);
  const loaded = await loadConfig(file);
  const config = { onError, ...loaded };
  const output = createOutput(json);
  const everwarm = createEverwarm(config);
  try {
    if ((await action({ everwarm, config, output })) === 'failed') process.exitCode = 1;
  } finally {
    output.endProgress();
    await everwarm.stop();
  }
}
