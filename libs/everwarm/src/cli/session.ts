import type { Command } from 'commander';
import type { EverwarmConfig } from '#config.ts';
import { createEverwarm, type Everwarm } from '#everwarm.ts';
import { loadConfig } from './load-config.ts';
import { createOutput, type Output } from './output.ts';

/** What a verb works with. */
export type Session = { readonly everwarm: Everwarm; readonly config: EverwarmConfig; readonly output: Output };

/** How a verb ended: `failed` when it ran and what it found is bad, which is exit code 1 without an error. */
export type Outcome = 'done' | 'failed';

/**
 * Runs one verb: loads the configuration, creates Everwarm on it, and stops it whatever happens. Failures that the pipeline
 * survives are printed only by a verb that runs it (`reports`): the others' own answer says what is wrong.
 */
export async function inSession(command: Command, action: (session: Session) => Promise<Outcome>, { reports = false } = {}): Promise<void> {
  const { config: file, json = false } = command.optsWithGlobals<{ readonly config?: string; readonly json?: boolean }>();
  const loaded = await loadConfig(file);
  const config = reports || loaded.onError ? loaded : { ...loaded, onError: () => undefined };
  const output = createOutput(json);
  const everwarm = createEverwarm(config);
  try {
    if ((await action({ everwarm, config, output })) === 'failed') process.exitCode = 1;
  } finally {
    output.endProgress();
    await everwarm.stop();
  }
}
