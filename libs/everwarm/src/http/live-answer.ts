import type { RawDocument } from '#stages/read/read-parts.ts';
import type { Answer } from './answer.ts';
import { eventsType, type LiveOptions, liveEvents } from './live-events.ts';

/** What a {@link liveAnswer} is made of. */
export type LiveParts = LiveOptions & {
  /** The document, then each newer version, until the signal says so. */
  readonly watch: (signal: AbortSignal) => AsyncIterable<RawDocument | null>;
  /** Told when following ends by a failure; the client is told nothing and comes back by itself. */
  readonly failed: (error: unknown) => void;
};

/**
 * Answers with a document as server-sent events. The first version is waited for, so that what is wrong with the request is said as
 * for any other; null when there is no document, and the client has not seen one either. The caller must close what it is given.
 */
export async function liveAnswer({ watch, failed, ...options }: LiveParts): Promise<Answer | null> {
  const ending = new AbortController();
  const versions = watch(ending.signal)[Symbol.asyncIterator]();
  const first = await versions.next().catch((error: unknown) => {
    ending.abort();
    throw error;
  });
  if (first.done || (first.value === null && options.lastEventId === undefined)) {
    ending.abort();
    return null;
  }
  const parts = liveEvents(startingWith(first, versions), options);
  const headers = ['content-type', eventsType, 'cache-control', 'no-cache, no-transform', 'x-accel-buffering', 'no'];
  return { status: 200, headers, body: { parts: untilFailure(parts, ending.signal, failed), close: () => ending.abort() } };
}

function startingWith<T>(first: IteratorResult<T, unknown>, rest: AsyncIterator<T, unknown>): AsyncIterator<T, unknown> {
  let isNew = true;
  return {
    next: () => {
      if (!isNew) return rest.next();
      isNew = false;
      return Promise.resolve(first);
    },
  };
}

async function* untilFailure(
  parts: AsyncIterable<Buffer>,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* parts;
  } catch (error) {
    if (!signal.aborted) failed(error);
  }
}
