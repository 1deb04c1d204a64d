import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import type { Link } from './types.ts';

/** A link with an address of its own. */
export type LinkProxy = Link & {
  /** The server's URL with the proxy's address in it: what the process is given. */
  readonly url: string;
  /** Ends all connections and stops listening. May be called twice. */
  close(): Promise<void>;
};

type State = { readonly is: 'open' } | { readonly is: 'cut' } | { readonly is: 'stalled' } | { readonly is: 'slow'; readonly ms: number };

/**
 * Stands between one client process and a server, on a free port of the loopback address, and lets bytes pass untouched until it
 * is told otherwise. What was on its way when the link was stalled arrives after `heal`, as it does on a network that comes back;
 * the end of a connection does not pass a stalled link either, so that neither side learns of the other's death.
 * @param url of the server: any scheme, with host and port
 */
export async function openProxy(url: string): Promise<LinkProxy> {
  let target = addressOf(url);
  let state: State = { is: 'open' };
  let waiting: (() => void)[] = [];
  const pairs = new Set<readonly [Socket, Socket]>();

  /** Calls back when the link lets something pass, after the delay that it has. */
  const pass = (on: () => void): void => {
    if (state.is === 'stalled') waiting.push(() => pass(on));
    else if (state.is === 'slow') setTimeout(on, state.ms);
    else on();
  };
  const release = (): void => {
    const held = waiting;
    waiting = [];
    for (const go of held) go();
  };
  const endAll = (): void => {
    for (const [client, server] of pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    pairs.clear();
  };
  const gate = () =>
    new Transform({
      transform: (chunk, _encoding, done) => pass(() => done(null, chunk)),
      flush: (done) => pass(() => done()),
    });

  const join = (client: Socket): void => {
    if (client.destroyed) return;
    const server = connect({ ...target, noDelay: true });
    const pair = [client, server] as const;
    pairs.add(pair);
    const part = (other: Socket) => () =>
      pass(() => {
        pairs.delete(pair);
        other.destroy();
      });
    client.on('close', part(server));
    server.on('close', part(client));
    client.on('error', () => undefined);
    server.on('error', () => undefined);
    client.pipe(gate()).pipe(server);
    server.pipe(gate()).pipe(client);
  };
  const listener = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    client.on('error', () => undefined);
    if (state.is === 'cut') client.resetAndDestroy();
    else if (state.is === 'stalled') waiting.push(() => join(client));
    else join(client);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;

  const become = (next: State): void => {
    state = next;
    if (next.is === 'cut') endAll();
    if (next.is !== 'stalled') release();
  };
  return {
    url: withAddress(url, port),
    owns: (asked) => [...pairs].some(([, server]) => server.localPort === asked),
    cut: () => become({ is: 'cut' }),
    stall: () => become({ is: 'stalled' }),
    slow: (ms) => become({ is: 'slow', ms }),
    heal: () => become({ is: 'open' }),
    pointTo(next) {
      target = addressOf(next);
      endAll();
    },
    async close() {
      if (!listener.listening) return;
      become({ is: 'cut' });
      listener.close();
      await once(listener, 'close');
    },
  };
}

function addressOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname, port: Number(port) || (protocol.startsWith('redis') ? 6379 : 5432) };
}

function withAddress(url: string, port: number): string {
  const own = new URL(url);
  own.host = `127.0.0.1:${port}`;
  return own.href;
}
