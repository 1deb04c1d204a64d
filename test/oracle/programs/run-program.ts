import type { TestServers } from '@everwarm/testkit';
import { Disagreement, type History, type HistoryOptions, runHistory } from '../run-history.ts';
import type { Declarations, Program } from './program.ts';
import { randomDeclarations } from './random-program.ts';
import { worldOf } from './world-of.ts';

type Servers = Pick<TestServers, 'postgresUrl' | 'redisUrl'>;

/** How a program went: as it should, or not. A program that could not be declared, installed or played is `broken`. */
export type Outcome =
  | { readonly is: 'equal'; readonly history: History }
  | { readonly is: 'different'; readonly why: string; readonly program: Program }
  | { readonly is: 'broken'; readonly why: string; readonly program: Program };

/** Makes the program of a seed and plays it for so many steps. */
export async function runSeed(
  servers: Servers,
  seed: number,
  steps: number,
): Promise<Outcome & { readonly made: ReturnType<typeof randomDeclarations> }> {
  const made = randomDeclarations(seed);
  const { on: _on, ...declarations } = made;
  return { ...(await run(servers, declarations, { seed, steps })), made };
}

/** Plays a program that was kept; `sabotage` is done to its database before anything is written. */
export async function runProgram(
  servers: Servers,
  { seed, history, ...declarations }: Program,
  sabotage?: HistoryOptions['sabotage'],
): Promise<Outcome> {
  return run(servers, declarations, { seed, history, ...(sabotage && { sabotage }) });
}

async function run(
  servers: Servers,
  declarations: Declarations,
  options: Pick<HistoryOptions, 'seed' | 'steps' | 'history' | 'sabotage'>,
): Promise<Outcome> {
  const { seed } = options;
  try {
    const world = worldOf(`program ${seed}`, declarations, seed);
    return { is: 'equal', history: await runHistory(world, { ...options, servers, forMs: 0 }) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const program = { seed, ...declarations, history: error instanceof Disagreement ? error.history : (options.history ?? []) };
    return { is: error instanceof Disagreement ? 'different' : 'broken', why, program };
  }
}
