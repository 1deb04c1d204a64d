/** How long a process that is told to stop lets running batches finish unless it is configured, in milliseconds. */
export const defaultGraceMs = 10_000;

/** Waits for something until its grace period ends, or `force` says that nobody waits any longer. Returns whether it was done in time. */
export async function withinGrace(action: Promise<unknown>, graceMs: number, force?: AbortSignal): Promise<boolean> {
  let end: () => void = () => undefined;
  const isOver = new Promise<false>((resolve) => {
    end = () => resolve(false);
  });
  const timer = setTimeout(end, graceMs);
  force?.addEventListener('abort', end, { once: true });
  if (force?.aborted) end();
  try {
    return await Promise.race([action.then(() => true), isOver]);
  } finally {
    clearTimeout(timer);
    force?.removeEventListener('abort', end);
  }
}
