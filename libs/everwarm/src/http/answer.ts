import type { KeyValue } from '#contracts/key.ts';
import type { Params } from './routes.ts';

/** What a request asks, whatever server it came to. Headers that may be given several times are joined by commas. */
export type Asked = {
  readonly params: Params;
  /** What stands behind the question mark, a text for each name, anything else where one is given twice. */
  readonly query: Readonly<Record<string, unknown>>;
  readonly ifNoneMatch: string | undefined;
  readonly after: string | undefined;
  readonly acceptEncoding: string | undefined;
  readonly lastEventId: string | undefined;
  /** Whose documents are asked for, where the server says whose. */
  readonly tenant?: KeyValue;
};

/** A body that goes on: parts as they come, each asked for when the one before was taken. `close` ends it; it may be called twice. */
export type Stream = { readonly parts: AsyncIterable<Buffer>; close(): void };

/** An answer, whatever server sends it. */
export type Answer = {
  readonly status: number;
  /** Names and values by turns, names in lower case, no name twice, `content-length` included: what one `writeHead` takes as it is. */
  readonly headers: string[];
  readonly body: Buffer | Stream | null;
};

/** Whether a body goes on. */
export function isStream(body: Answer['body']): body is Stream {
  return body !== null && 'parts' in body;
}

/** The media type of documents and pages. */
export const jsonType = 'application/json; charset=utf-8';

/** Says that an answer also depends on this header of the request. */
export function addVary(headers: string[], name: string): void {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at] !== 'vary') continue;
    headers[at + 1] = `${headers[at + 1]}, ${name}`;
    return;
  }
  headers.push('vary', name);
}
