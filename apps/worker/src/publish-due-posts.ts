import { type BlogDatabase, publishDue } from '@everwarm/blog';

/** A loop that can be ended; `stop` waits for the turn under way. */
export type Loop = { stop(): Promise<void> };

/**
 * Publishes scheduled posts within a second of their moment, until stopped. Any number of workers may do so at once. A turn that
 * fails is reported, and the next one catches up.
 */
export function publishDuePosts(db: BlogDatabase, onError: (error: unknown, during: string) => void, everyMs = 1000): Loop {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const turn = async (): Promise<void> => {
    await publishDue(db).catch((error: unknown) => onError(error, 'publish due posts'));
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
