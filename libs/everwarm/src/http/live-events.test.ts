import { expect, test } from 'vitest';
import type { RawDocument } from '#stages/read/read-parts.ts';
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
