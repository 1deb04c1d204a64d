import { setTimeout as pause } from 'node:timers/promises';

/**
 * Does something so many times a second by schedule, whether or not earlier ones are through, until `isOver`. `one` is told when it was
 * due. Resolves when all are through; rejects, then, with the first failure.
 */
export async function atRate(perSecond: number, isOver: () => boolean, one: (due: number) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | null = null;
  for (let due = performance.now(); !isOver(); due += 1000 / perSecond) {
    const wait = due - performance.now();
    if (wait > 0.5) await pause(wait);
    const ran: Promise<void> = one(due)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => running.delete(ran));
    running.add(ran);
    if (failure) break;
  }
  await Promise.all(running);
  if (failure) throw (failure as { readonly error: unknown }).error;
}
