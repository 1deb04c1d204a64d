import { expect, test } from 'vitest';
import type { Generation } from '#contracts/compiled.ts';
import { formatVersion } from '#contracts/version.ts';
import type { RawDocument } from '#stages/read/read-parts.ts';
import { watching } from '#stages/read/watch.ts';
import { Watches } from '#stages/read/watches.ts';
import { type Answer, isStream, type Stream } from './answer.ts';
import { liveAnswer } from './live-answer.ts';
import { liveEvents } from './live-events.ts';

const document = (version: string | null, body = `{"v":"${version}"}`): RawDocument => ({
  body: Buffer.from(body),
  version,
  asOf: 0,
  tier: 'redis',
  pending: null,
});

async function* given(...documents: readonly (RawDocument | null)[]): AsyncGenerator<RawDocument | null> {
  yield* documents;
}

async function textOf(documents: readonly (RawDocument | null)[], lastEventId?: string): Promise<string> {
  let text = '';
  for await (const part of liveEvents(given(...documents), { lastEventId, heartbeatMs: 60_000 })) text += part.toString();
  return text;
}

test('each version is an event with its version as id, after a comment that opens the connection', async () => {
  expect(await textOf([document('1'), document('2')])).toBe(':\n\nid: 1\ndata: {"v":"1"}\n\nid: 2\ndata: {"v":"2"}\n\n');
});

test('what a client has already is not sent again', async () => {
  expect(await textOf([document('1')], '1')).toBe(':\n\n');
  expect(await textOf([document('2')], '1')).toBe(':\n\nid: 2\ndata: {"v":"2"}\n\n');
  expect(await textOf([document('1'), document('2')], '2')).toBe(':\n\nid: 1\ndata: {"v":"1"}\n\nid: 2\ndata: {"v":"2"}\n\n');
});

test('a client that comes from a server that was further is shown nothing older', async () => {
  const [one, two, three] = [1, 2, 3].map((number) => formatVersion(1, BigInt(number))) as [string, string, string];
  const event = (version: string) => `id: ${version}\ndata: {"v":"${version}"}\n\n`;
  expect(await textOf([document(one), document(two), document(three)], two)).toBe(`:\n\n${event(three)}`);
  expect(await textOf([document(one), null, document(three)], two)).toBe(`:\n\nevent: gone\ndata: null\n\n${event(three)}`);
});

test('a document that is gone is an event without an id; one without a version is sent each time', async () => {
  expect(await textOf([document('1'), null, document(null, '1')])).toBe(
    ':\n\nid: 1\ndata: {"v":"1"}\n\nevent: gone\ndata: null\n\ndata: 1\n\n',
  );
});

test.each([
  ['{\n"a":1\r\n}', '{\ndata: "a":1\ndata: }'],
  ['{"a":\r1}', '{"a":\ndata: 1}'],
])('line breaks between the tokens of a document are lines of its event: %j', async (body, data) => {
  expect(await textOf([document('1', body)])).toBe(`:\n\nid: 1\ndata: ${data}\n\n`);
});

test('the next version is not asked for before the last event was taken', async () => {
  let asked = 0;
  const versions: AsyncIterator<RawDocument | null> = {
    next: async () => ({ done: false, value: document(String(++asked)) }),
  };
  const events = liveEvents(versions, { lastEventId: undefined, heartbeatMs: 60_000 });
  await events.next();
  expect(asked).toBe(0);
  await events.next();
  expect(asked).toBe(1);
});

test('while there is no news there are comments, and no version is lost by them', async () => {
  let tell: (document: RawDocument) => void = () => undefined;
  const news = new Promise<IteratorResult<RawDocument>>((resolve) => {
    tell = (value) => resolve({ done: false, value });
  });
  let asked = 0;
  const versions: AsyncIterator<RawDocument | null> = {
    next: () => {
      asked += 1;
      return asked === 1 ? news : Promise.resolve({ done: true, value: undefined });
    },
  };
  const events = liveEvents(versions, { lastEventId: undefined, heartbeatMs: 1 });
  for (let beats = 0; beats < 3; beats++) expect((await events.next()).value?.toString()).toBe(':\n\n');
  tell(document('1'));
  const rest: string[] = [];
  for await (const part of events) rest.push(part.toString());
  expect(rest.filter((part) => part !== ':\n\n')).toEqual(['id: 1\ndata: {"v":"1"}\n\n']);
});

/** Documents that are there or not, and how many are read when everything that is watched is read again. */
function openWatches(now: RawDocument | null) {
  const read: string[] = [];
  const watches = new Watches({
    read: async (_, keys) => {
      read.push(...keys);
      return keys.map(() => now);
    },
    isHeard: () => true,
    begin: () => undefined,
  });
  const watch = (key: string, signal: AbortSignal) =>
    watching(
      (ending) => watches.watch({ generation: { id: 1 } as Generation, key, transform: null }, null, ending),
      (found) => found,
      { signal },
    );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const watched = async () => {
    // Whoever was told to end does so in this turn; what is asked for is read in the next.
    await turn();
    read.length = 0;
    watches.reread();
    await turn();
    return [...read];
  };
  const ask = (key: string) =>
    liveAnswer({ watch: (signal) => watch(key, signal), failed: () => undefined, lastEventId: undefined, heartbeatMs: 60_000 });
  return { watch, watched, ask };
}

const bodyOf = (answer: Answer | null): Stream => {
  if (!answer || !isStream(answer.body)) throw new Error('There is nothing to follow.');
  return answer.body;
};

test('keys of which there is no document are watched no longer than their request', async () => {
  const { ask, watched } = openWatches(null);
  for (let key = 0; key < 20; key++) expect(await ask(String(key))).toBeNull();
  expect(await watched()).toEqual([]);
});

test('who closes what is live leaves nothing behind, whether it was read or not', async () => {
  const { ask, watched } = openWatches(document('1'));
  const unread = bodyOf(await ask('unread'));
  const read = bodyOf(await ask('read'));
  const parts = read.parts[Symbol.asyncIterator]();
  for (let taken = 0; taken < 2; taken++) await parts.next();
  expect(await watched()).toEqual(['unread', 'read']);
  unread.close();
  read.close();
  expect(await watched()).toEqual([]);
});

test('a watch that nobody asks for more ends with its signal', async () => {
  const { watch, watched } = openWatches(document('1'));
  const ending = new AbortController();
  const documents = watch('k', ending.signal);
  await documents.next();
  expect(await watched()).toEqual(['k']);
  ending.abort();
  expect(await watched()).toEqual([]);
  expect(await documents.next()).toEqual({ done: true, value: undefined });
});
