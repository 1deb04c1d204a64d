import { channel } from 'node:diagnostics_channel';

/** The places where a crash test or the torture may stop, freeze or kill the process. Each is passed right after what it names. */
export type StepName =
  | 'relay.read'
  | 'relay.page'
  | 'relay.before-commit'
  | 'relay.committed'
  | 'relay.rotating'
  | 'relay.folding'
  | 'relay.fan-out'
  | 'recompute.locked'
  | 'recompute.written'
  | 'recompute.committed'
  | 'publish.half'
  | 'publish.done'
  | 'acknowledge.before'
  | 'drain.claimed'
  | 'inline.written'
  | 'inline.committed'
  | 'pay.half'
  | 'evict.committed';

/** What a subscriber of {@link stepChannel} is told. */
export type Step = { readonly step: StepName };

/** The name of the diagnostics channel on which steps are told, synchronously: a subscriber that kills the process does so right there. */
export const stepChannel = 'everwarm.step';

const steps = channel(stepChannel);

/** Whether anybody listens to steps: nobody does in production. */
export const stepsAreWatched = (): boolean => steps.hasSubscribers;

/** Says that a step was reached. Costs one look at a boolean when nobody listens. */
export function reached(step: StepName): void {
  if (steps.hasSubscribers) steps.publish({ step } satisfies Step);
}
