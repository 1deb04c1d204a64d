/** Work that is done again and again until it is stopped; `stop` waits for the turn under way. */
export type Repeated = { stop(): Promise<void> };

/** Does `work` now and then a second after each end of it, whether it failed or not. Of turns that fail one after the other the first is told to `onError`. */
export function repeat(work: () => Promise<unknown>, onError: (error: unknown) => void, everyMs = 1000): Repeated {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let failing = false;
  const turn = async (): Promise<void> => {
    try {
      await work();
      failing = false;
    } catch (error) {
      if (!failing) onError(error);
      failing = true;
    }
    if (!stopped) timer = setTimeout(next, everyMs);
  };
  let running = Promise.resolve();
  const next = () => {
    running = turn();
  };
  next();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
