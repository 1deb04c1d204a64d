import { Agent, get, type IncomingMessage } from 'node:http';

/** Readers of server-sent events, each on a connection of its own. */
export type Subscribers = {
  /** Resolves with the moment (`performance.now()`) at which the last of them had an event that holds this text. */
  readonly all: (text: string, timeoutMs: number) => Promise<number>;
  readonly close: () => void;
};

/** How many connections are opened at once: a listening socket's queue is short. */
const atOnce = 100;

/** Opens so many subscriptions and waits until each was answered. The caller must close them. Rejects when one was refused. */
export async function subscribe(url: string, count: number): Promise<Subscribers> {
  const agent = new Agent({ keepAlive: false });
  const open: IncomingMessage[] = [];
  let waiting: { readonly text: string; readonly left: Set<number>; readonly done: (at: number) => void } | null = null;
  const heard = (index: number, event: string) => {
    if (!waiting?.left.has(index) || !event.includes(waiting.text)) return;
    waiting.left.delete(index);
    if (waiting.left.size === 0) waiting.done(performance.now());
  };
  for (let first = 0; first < count; first += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, count - first) }, (_, index) =>
      openOne(url, agent, (event) => heard(first + index, event)),
    );
    open.push(...(await Promise.all(some)));
  }
  return {
    all: (text, timeoutMs) =>
      new Promise((resolve, reject) => {
        const left = new Set(open.keys());
        const timer = setTimeout(
          () => reject(new Error(`${left.size} of ${count} subscribers were not told within ${timeoutMs} ms.`)),
          timeoutMs,
        );
        waiting = {
          text,
          left,
          done: (at) => {
            clearTimeout(timer);
            resolve(at);
          },
        };
      }),
    close: () => {
      for (const response of open) response.destroy();
      agent.destroy();
    },
  };
}

function openOne(url: string, agent: Agent, heard: (event: string) => void): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, headers: { accept: 'text/event-stream' } }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`${url} was answered with ${response.statusCode}.`));
      // An event may come in parts, and several at once.
      let rest = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        const events = (rest + part).split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) heard(event);
        resolve(response);
      });
      response.once('error', reject);
    });
    request.once('error', reject);
  });
}
