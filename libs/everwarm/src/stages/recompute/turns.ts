/** Runs an action when its turn has come, and gives what it gives. */
export type Turns = <T>(action: () => Promise<T>) => Promise<T>;

/** At most `limit` actions at once, as it is when one could begin; the others wait for their turn, first come first served. */
export function turns(limit: number | (() => number)): Turns {
  const most = typeof limit === 'number' ? () => limit : limit;
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (action) => {
    // Nobody who comes now is before those who wait.
    if (waiting.length === 0 && running < most()) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await action();
    } finally {
      running--;
      // A turn that is handed on is taken at once, so that nobody comes in between.
      while (running < most() && waiting.length > 0) {
        running++;
        waiting.shift()?.();
      }
    }
  };
}
