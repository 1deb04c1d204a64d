/** Runs an action when its turn has come, and gives what it gives. */
export type Turns = <T>(action: () => Promise<T>) => Promise<T>;

/** At most `count` actions at once; the others wait for their turn, first come first served. */
export function turns(count: number): Turns {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (action) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await action();
    } finally {
      const next = waiting.shift();
      // A turn is handed on, never freed in between, so that nobody who comes now is before those who wait.
      if (next) next();
      else free++;
    }
  };
}
