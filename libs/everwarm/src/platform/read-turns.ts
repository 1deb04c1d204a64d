import { EverwarmError } from '#contracts/errors.ts';

/** How many may do it at once, how many may wait, and for how long; and how long one turn may take before its caller is told. */
export type TurnLimits = { readonly atOnce: number; readonly waiting: number; readonly waitMs: number; readonly turnMs: number };

/** Runs one piece of work when its turn has come. Throws E_OVERLOADED, E_POSTGRES, and what the work throws. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Lets readers through to Postgres a few at a time, first come first served. Who finds too many waiting, or waits too long, is told
 * at once: an answer that comes after its caller left costs as much as one that was wanted. A turn that takes too long is no longer
 * waited for, but keeps its place until it ends, since Postgres still works on it.
 */
export function readTurns({ atOnce, waiting, waitMs, turnMs }: TurnLimits): Turns {
  let running = 0;
  const queue: (() => void)[] = [];

  const overloaded = (what: string) =>
    new EverwarmError(
      'E_OVERLOADED',
      `${atOnce} reads are asking Postgres and ${queue.length} more wait: ${what}. Try again later, bring Redis back, or add readers.`,
      { context: { atOnce, waiting: queue.length } },
    );
  const enter = (): Promise<void> | undefined => {
    if (running < atOnce) {
      running++;
      return undefined;
    }
    if (queue.length >= waiting) return Promise.reject(overloaded('this one found no place in the queue'));
    return new Promise((resolve, reject) => {
      const go = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(go), 1);
        reject(overloaded(`this one had no turn within ${waitMs} ms`));
      }, waitMs);
      queue.push(go);
    });
  };
  const leave = () => {
    const next = queue.shift();
    if (next) next();
    else running--;
  };

  return async (work) => {
    await enter();
    const turn = work().finally(leave);
    return within(turnMs, turn);
  };
}

/** The same promise, or E_POSTGRES when it takes too long. What comes of it later is nobody's. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new EverwarmError('E_POSTGRES', `Postgres did not answer a read within ${ms} ms. Look for locks, or for a network that is down.`),
        ),
      ms,
    );
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
