import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { EverwarmError } from '#contracts/errors.ts';
import { type Step, stepChannel } from '#contracts/steps.ts';
import type { ProcessMessage, StepTrap } from './types.ts';

/** The environment variable in which a child finds its {@link ChildPlace}. */
export const placeVariable = 'EVERWARM_TORTURE';

/** The line on stdout, written before the process is killed or frozen, that says that a trap was sprung. */
export const sprungLine = 'everwarm-torture: the trap is sprung';

/** Who a child process is on the stage, and where its links lead. */
export type ChildPlace = {
  readonly name: string;
  readonly postgres: string;
  readonly redis: string;
  readonly namespace: string;
};

/** A child's side of the stage. */
export type ChildSide = {
  readonly place: ChildPlace;
  /** Says something to the stage. Lost when the stage is gone. */
  say(message: ProcessMessage): void;
  /** Hears what the stage says, traps excepted. */
  hear(listener: (message: ProcessMessage) => void): void;
};

/**
 * Joins the stage that started this process. The process ends when the stage does. `terminate` is called at SIGTERM; when it
 * resolves the process ends with code 0. The child must say `{ type: 'ready' }` when it is.
 * @throws E_LIFECYCLE in a process that no stage started
 */
export function joinStage(terminate: () => Promise<void>): ChildSide {
  const text = process.env[placeVariable];
  if (text === undefined || process.send === undefined)
    throw new EverwarmError('E_LIFECYCLE', `This program is started by everwarm torture; ${placeVariable} is not set.`);
  const listeners: ((message: ProcessMessage) => void)[] = [];
  const traps = trapKeeper();
  process.on('message', (message: ProcessMessage) => {
    if (message.type === 'trap') {
      traps.set(message['trap'] as StepTrap | null);
      if (message['trap'] === null) side.say({ type: 'disarmed' });
    } else for (const listener of listeners) listener(message);
  });
  process.on('disconnect', () => process.exit(1));
  // A terminal sends its interrupt to the whole group; when this process ends is for the stage to say.
  process.on('SIGINT', () => undefined);
  process.once('SIGTERM', () => {
    terminate().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`, () => process.exit(1));
      },
    );
  });
  const side: ChildSide = {
    place: JSON.parse(text) as ChildPlace,
    say: (message) => void process.send?.(message, undefined, undefined, () => undefined),
    hear: (listener) => void listeners.push(listener),
  };
  return side;
}

/**
 * Runs a pipeline as a worker on the stage: starts it, says so, and stops it at SIGTERM.
 * @param start makes and starts the pipeline on this process's links, and returns how it is stopped
 */
export async function runWorker(start: (place: ChildPlace) => Promise<{ stop(): Promise<void> }>): Promise<void> {
  let stop: () => Promise<void> = () => Promise.resolve();
  const side = joinStage(() => stop());
  const running = await start(side.place);
  stop = () => running.stop();
  side.say({ type: 'ready' });
}

/** Holds at most one trap, and listens to steps only while it does. */
function trapKeeper(): { set(trap: StepTrap | null): void } {
  let armed: StepTrap | null = null;
  let left = 0;
  const onStep = (message: unknown): void => {
    if (armed === null || (message as Step).step !== armed.step || --left > 0) return;
    const { act } = armed;
    armed = null;
    // Synchronously: the next moment does not come.
    writeSync(1, `${sprungLine}\n`);
    process.kill(process.pid, act === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  };
  return {
    set(trap) {
      if (armed === null && trap !== null) subscribe(stepChannel, onStep);
      if (trap === null) unsubscribe(stepChannel, onStep);
      armed = trap;
      left = trap?.passes ?? 0;
    },
  };
}
