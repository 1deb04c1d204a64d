import { isVersion } from '#contracts/version.ts';
import type { RawDocument } from '#stages/read/read-parts.ts';

/** The media type of server-sent events. */
export const eventsType = 'text/event-stream; charset=utf-8';

/** A comment, which keeps what stands between from closing a connection on which nothing is said. */
const heartbeat = Buffer.from(':\n\n');

const lineBreak = /\r\n|\r|\n/;

/** What {@link liveEvents} is told. */
export type LiveOptions = {
  /** The `id` of the last event that the client saw: a version that it is not sent again. */
  readonly lastEventId: string | undefined;
  readonly heartbeatMs: number;
};

/**
 * The events of one document: itself, then each newer version, and `gone` where there is none. The next version is asked for when the
 * last event was taken, so that a client which is slow is given the newest of what came meanwhile, and nothing waits in memory for
 * it. Ends when `versions` does; throws what it throws.
 */
export async function* liveEvents(
  versions: AsyncIterator<RawDocument | null, unknown>,
  { lastEventId, heartbeatMs }: LiveOptions,
): AsyncGenerator<Buffer, void, undefined> {
  let seen = lastEventId;
  // At once, so that the client's connection counts as open before there is news.
  yield heartbeat;
  for (;;) {
    const next = versions.next();
    const isSettledWithin = settling(next);
    while (!(await isSettledWithin(heartbeatMs))) yield heartbeat;
    const step = await next;
    if (step.done) return;
    const document = step.value;
    if (isSeen(document, seen)) continue;
    yield eventOf(document);
    seen = document?.version ?? undefined;
  }
}

/** Whether the client has this already, or, from a server that was further, something newer. What is no version can only be the same. */
function isSeen(document: RawDocument | null, seen: string | undefined): boolean {
  if (document === null || document.version === null || seen === undefined) return false;
  return isVersion(seen) ? document.version <= seen : document.version === seen;
}

/** One event. JSON text may have line breaks between its tokens, and each line of an event's data begins anew. */
function eventOf(document: RawDocument | null): Buffer {
  if (document === null) return Buffer.from('event: gone\ndata: null\n\n');
  const { body, version } = document;
  const head = version === null ? 'data: ' : `id: ${version}\ndata: `;
  if (!body.includes(10) && !body.includes(13)) return Buffer.concat([Buffer.from(head), body, Buffer.from('\n\n')]);
  return Buffer.from(`${head}${body.toString().split(lineBreak).join('\ndata: ')}\n\n`);
}

/**
 * Waits for a promise again and again, each time for so many milliseconds at most, and says whether it has settled. It listens once: each
 * `Promise.race` would leave a listener on a promise that may be waited for for days.
 */
function settling(work: Promise<unknown>): (ms: number) => Promise<boolean> {
  let isSettled = false;
  let wake: () => void = () => undefined;
  const settle = () => {
    isSettled = true;
    wake();
  };
  work.then(settle, settle);
  return async (ms) => {
    if (isSettled) return true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return isSettled;
  };
}
