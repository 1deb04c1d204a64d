import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { waitFor } from '@everwarm/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { openProxy } from './proxy.ts';

/** A server that answers every line with itself and its own name. */
async function echo(name: string): Promise<{ readonly url: string; readonly sockets: readonly Socket[] }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => socket.write(`${name} ${chunk.toString()}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

async function open(url: string) {
  const proxy = await openProxy(url);
  onTestFinished(() => proxy.close());
  const dial = () => {
    const { hostname, port } = new URL(proxy.url);
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    const client = { socket, heard: '', closed: false };
    socket.on('error', () => undefined);
    socket.on('close', () => {
      client.closed = true;
    });
    socket.on('data', (chunk: Buffer) => {
      client.heard += chunk.toString();
    });
    return client;
  };
  return { proxy, dial };
}

it('lets bytes pass', async () => {
  const { dial } = await open((await echo('one')).url);
  const client = dial();
  client.socket.write('hello');
  await waitFor(() => client.heard === 'one hello', { what: 'the answer' });
});

it('cut: connections end, and new ones do until it heals', async () => {
  const { proxy, dial } = await open((await echo('one')).url);
  const before = dial();
  before.socket.write('a');
  await waitFor(() => before.heard !== '', { what: 'the answer' });
  proxy.cut();
  await waitFor(() => before.closed, { what: 'the end of the connection' });
  const during = dial();
  await waitFor(() => during.closed, { what: 'the end of the new connection' });
  proxy.heal();
  const after = dial();
  after.socket.write('b');
  await waitFor(() => after.heard === 'one b', { what: 'the answer after healing' });
});

it('stalled: nothing passes, not even the end of a connection, and everything arrives after healing', async () => {
  const server = await echo('one');
  const { proxy, dial } = await open(server.url);
  const [stays, goes] = [dial(), dial()];
  stays.socket.write('a');
  goes.socket.write('a');
  await waitFor(() => stays.heard !== '' && goes.heard !== '', { what: 'both answers' });
  proxy.stall();
  stays.socket.write('b');
  goes.socket.destroy();
  const late = dial();
  late.socket.write('c');
  // A second proxy shows that bytes sent later to the same server arrive: these would have, too.
  const { dial: beside } = await open(server.url);
  const other = beside();
  other.socket.write('x');
  await waitFor(() => other.heard === 'one x', { what: 'the answer past the stalled link' });
  expect(stays).toMatchObject({ heard: 'one a', closed: false });
  expect(late).toMatchObject({ heard: '', closed: false });
  expect(server.sockets.filter((socket) => socket.destroyed)).toEqual([]);
  proxy.heal();
  await waitFor(() => stays.heard === 'one aone b' && late.heard === 'one c', { what: 'what was held back' });
  await waitFor(() => server.sockets.some((socket) => socket.destroyed), { what: 'the end of the connection to arrive' });
});

it('slow: everything arrives, in order', async () => {
  const { proxy, dial } = await open((await echo('one')).url);
  proxy.slow(5);
  const client = dial();
  for (const letter of 'abc') client.socket.write(letter);
  await waitFor(() => client.heard.replaceAll('one ', '') === 'abc', { what: 'the answers' });
});

it('leads to another server, and ends what led to the first', async () => {
  const [one, two] = [await echo('one'), await echo('two')];
  const { proxy, dial } = await open(one.url);
  const before = dial();
  before.socket.write('a');
  await waitFor(() => before.heard === 'one a', { what: 'the answer of the first' });
  proxy.pointTo(two.url);
  await waitFor(() => before.closed, { what: 'the end of the old connection' });
  const after = dial();
  after.socket.write('b');
  await waitFor(() => after.heard === 'two b', { what: 'the answer of the second' });
});
