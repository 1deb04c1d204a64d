import { once } from 'node:events';
import { connect } from 'node:net';
import { TestSignal, waitFor } from '@everwarm/testkit';
import { everwarmHttp } from 'everwarm/http';
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { routes, shelfPage } from './fixtures/library.ts';
import { type Library, openLibrary, servers, serveWeb } from './fixtures/open-library.ts';

let library: Library;

beforeAll(async () => {
  library = await openLibrary();
}, 120_000);

afterAll(() => library?.stop());

type Event = { readonly id: string | null; readonly event: string | null; readonly data: { readonly name: string } | null };

/** The events of a response, one by one, comments left out. Closed when the test is over. */
function eventsOf(response: Response): { next(): Promise<Event>; close(): Promise<void> } {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  onTestFinished(() => reader.cancel().catch(() => undefined));
  const next = async (): Promise<Event> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end < 0) {
        const { done, value } = await reader.read();
        if (done) throw new Error('The events ended.');
        text += value;
        continue;
      }
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      if (lines[0] === ':') continue;
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
      return { id: field('id'), event: field('event'), data: JSON.parse(field('data') ?? '""') };
    }
  };
  return { next, close: () => reader.cancel() };
}

const rename = (code: string, name: string) => library.pool.query('update shelves set name = $1 where code = $2', [name, code]);
const options = () => ({ reader: library.everwarm.reader, routes });

describe.each(servers(options))('%s', (_, open) => {
  test('shows the document, each newer version, and that it is gone', async () => {
    const ask = await open();
    await library.pool.query(`insert into shelves values ('live', 'One')`);
    await library.everwarm.settled();
    const response = await ask('/shelves/live/live');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
    });
    const events = eventsOf(response);
    const stored = await library.everwarm.reader.raw(shelfPage, 'live');
    expect(await events.next()).toEqual({ id: stored?.version, event: null, data: JSON.parse(String(stored?.body)) });
    await rename('live', 'Two');
    const second = await events.next();
    expect(second).toMatchObject({ event: null, data: { name: 'Two' } });
    expect(String(second.id) > String(stored?.version)).toBe(true);
    await library.pool.query(`delete from shelves where code = 'live'`);
    expect(await events.next()).toEqual({ id: null, event: 'gone', data: null });
    await library.pool.query(`insert into shelves values ('live', 'Three')`);
    expect(await events.next()).toMatchObject({ event: null, data: { name: 'Three' } });
    await library.pool.query(`delete from shelves where code = 'live'`);
    await library.everwarm.settled();
  });

  test('goes on where a client left off', async () => {
    const ask = await open();
    const first = await eventsOf(await ask('/shelves/a/live')).next();
    const headers = { 'last-event-id': first.id ?? '' };
    const again = eventsOf(await ask('/shelves/a/live', { headers }));
    const name = `Renamed ${performance.now()}`;
    await rename('a', name);
    // The version that the client had is not among its events.
    expect(await again.next()).toMatchObject({ data: { name } });
    expect(await eventsOf(await ask('/shelves/a/live', { headers })).next()).toMatchObject({ data: { name } });
  });

  test('a client that has seen a document learns that it is gone, another one that there is none', async () => {
    const ask = await open();
    expect((await ask('/shelves/never/live')).status).toBe(404);
    const events = eventsOf(await ask('/shelves/never/live', { headers: { 'last-event-id': '0001-0000000000000000001' } }));
    expect(await events.next()).toMatchObject({ event: 'gone' });
  });

  test('a document is watched no longer than its client stays', async () => {
    const { reader } = library.everwarm;
    const watches: { signal: AbortSignal | undefined; isOver: boolean }[] = [];
    const rawWatch: typeof reader.rawWatch = (model, key, watching) => {
      const watch = { signal: watching?.signal, isOver: false };
      watches.push(watch);
      const versions = reader.rawWatch(model, key, watching);
      return (async function* () {
        yield* versions;
        watch.isOver = true;
      })();
    };
    const ask = await open({ reader: { ...reader, rawWatch } });
    const events = eventsOf(await ask('/shelves/a/live'));
    await events.next();
    expect(watches).toMatchObject([{ signal: { aborted: false }, isOver: false }]);
    await events.close();
    await waitFor(() => watches[0]?.signal?.aborted === true && watches[0].isOver, { what: 'the watch to end' });
  });

  test('is no route where that was said', async () => {
    const ask = await open();
    expect((await ask('/books/%5B%22a%22%2C%221%22%5D')).status).toBe(200);
    expect((await ask('/books/%5B%22a%22%2C%221%22%5D/live')).status).toBe(404);
  });
});

test('a client that takes nothing is given the newest when it does, and nothing is kept for it meanwhile', async () => {
  const app = fastify();
  await app.register(everwarmHttp, options());
  onTestFinished(() => app.close());
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  await library.pool.query(`insert into shelves values ('slow', '0 ' || repeat('x', 2000000)) on conflict do nothing`);
  await library.everwarm.settled();
  const socket = connect(Number(port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.pause();
  socket.write('GET /shelves/slow/live HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'connect');
  // More than the sockets in between can hold: the server writes until the client's side is full, and no further.
  const rounds = 14;
  for (let round = 1; round <= rounds; round++) {
    await library.pool.query(`update shelves set name = $1 || repeat('x', 2000000) where code = 'slow'`, [`${round} `]);
    await library.everwarm.settled();
  }
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.resume();
  const shown = () => [...text.matchAll(/"name":"(\d+) /g)].map(([, round]) => Number(round));
  await waitFor(async () => shown().at(-1) === rounds, { what: 'the newest version to come' });
  expect(shown().length).toBeLessThan(rounds);
  expect(shown()).toEqual(shown().toSorted((a, b) => a - b));
});

test('a server that closes waits for no client that takes nothing', async () => {
  const app = fastify();
  await app.register(everwarmHttp, options());
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  // Together more than the sockets in between can hold.
  await library.pool.query(`insert into shelves values ('stuck', repeat('x', 6000000)) on conflict do nothing`);
  await library.everwarm.settled();
  const socket = connect(Number(port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write('GET /shelves/stuck/live HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'data');
  socket.pause();
  await library.pool.query(`update shelves set name = repeat('y', 7000000) where code = 'stuck'`);
  await library.everwarm.settled();
  await app.close();
});

test('a server that closes ends what is live', async () => {
  const app = fastify();
  await app.register(everwarmHttp, options());
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const events = eventsOf(await fetch(`${url}/shelves/a/live`));
  await events.next();
  await app.close();
  await expect(events.next()).rejects.toThrow('The events ended.');
});

test('a server that closes waits for no connection that is about to be live', async () => {
  const { reader } = library.everwarm;
  const [asked, told] = [new TestSignal('the document to be asked for'), new TestSignal('the server to stop listening')];
  const rawWatch: typeof reader.rawWatch = (...of) => {
    const documents = reader.rawWatch(...of);
    const isTold = told.next();
    const next = async () => {
      asked.fire();
      await isTold;
      return documents.next();
    };
    return {
      ...documents,
      next,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  };
  const app = fastify();
  await app.register(everwarmHttp, { ...options(), reader: { ...reader, rawWatch } });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const response = fetch(`${url}/shelves/a/live`);
  await asked.next();
  const closed = app.close();
  await waitFor(() => !app.server.listening, { what: 'the server to close' });
  told.fire();
  await closed;
  expect(await (await response).text()).toBe('');
});

test('a comment is sent while there is no news', async () => {
  const ask = serveWeb({ ...options(), heartbeatMs: 5 });
  const reader = (await ask('/shelves/a/live')).body!.getReader();
  onTestFinished(() => reader.cancel());
  let text = '';
  while (!text.endsWith('\n\n:\n\n:\n\n')) text += Buffer.from((await reader.read()).value ?? new Uint8Array()).toString();
  expect(text.match(/^id: /gm)).toHaveLength(1);
});
