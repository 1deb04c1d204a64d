import type { Version } from '#contracts/version.ts';
import type { RawDocument } from './read-parts.ts';

/** How a document is watched. */
export type WatchOptions = {
  /** Ends it, without an error. */
  readonly signal?: AbortSignal | undefined;
  /** The version that is known already: what is not newer is not shown. */
  readonly after?: Version | null | undefined;
};

/** The end of one watch, and its sleep until there is something newer. */
export class Ending {
  #resolve: (() => void) | null = null;
  #isAwake = false;
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends the watch. */
  readonly end = (): void => {
    this.#isOver = true;
    this.wake();
  };

  /** There may be something newer. */
  readonly wake = (): void => {
    this.#isAwake = true;
    this.#resolve?.();
  };

  /** Resolves at the next `wake`, or at once when there was one since this resolved last. */
  async woken(): Promise<void> {
    if (!this.#isAwake)
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    this.#resolve = null;
    this.#isAwake = false;
  }
}

/**
 * An iterator over what `watch` gives, as `show` makes it for the caller. Ends with the signal, and when the caller leaves it by
 * `return`, also while it waits or has not come back for more; a caller that does neither, and asks no more, leaves it watching.
 */
export function watching<T>(
  watch: (ending: Ending) => AsyncIterable<RawDocument | null>,
  show: (document: RawDocument | null) => T,
  { signal }: WatchOptions = {},
): AsyncIterableIterator<T, void, undefined> {
  const ending = new Ending();
  // A generator that waits is ended by waking it, one that nobody asks for more by its return, which waits in line behind the other.
  const end = () => {
    ending.end();
    return shown.return();
  };
  const leave = () => void end().catch(() => undefined);
  const shown = (async function* (): AsyncGenerator<T, void, undefined> {
    if (signal?.aborted) return;
    signal?.addEventListener('abort', leave, { once: true });
    try {
      for await (const document of watch(ending)) yield show(document);
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  })();
  return {
    next: () => shown.next(),
    return: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
