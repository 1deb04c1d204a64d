/** Something the leader does again and again. A run may ask for the next one sooner than `everyMs`, by `again`. */
export type Duty = { readonly name: string; readonly everyMs: number; readonly run: (again: (inMs: number) => void) => Promise<unknown> };

/**
 * Runs duties beside the pipeline, each on its own clock and never twice at once, only while `leads` says so. A duty that fails
 * is reported and tried again at its next turn. Returns a function that stops them and waits for those under way.
 */
export function startDuties(
  leads: () => boolean,
  onError: (error: unknown, during: string) => void,
  duties: readonly Duty[],
): () => Promise<void> {
  let stopping = false;
  const timers = new Set<NodeJS.Timeout>();
  const running = new Set<Promise<void>>();

  const turn = async ({ name, run }: Duty, again: (inMs: number) => void) => {
    if (!leads()) return;
    await run(again).catch((error: unknown) => {
      if (!stopping) onError(error, name);
    });
  };
  const schedule = (duty: Duty, inMs: number) => {
    if (stopping) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      let next = duty.everyMs;
      const turned = turn(duty, (sooner) => {
        next = Math.min(sooner, duty.everyMs);
      }).finally(() => {
        running.delete(turned);
        schedule(duty, next);
      });
      running.add(turned);
    }, inMs);
    timers.add(timer);
  };
  for (const duty of duties) schedule(duty, duty.everyMs);

  return async () => {
    stopping = true;
    for (const timer of timers) clearTimeout(timer);
    await Promise.all(running);
  };
}
