import { Agent, get } from 'node:http';

/** An answer of a server, whole. */
export type Got = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

/** Connections to one server that are kept open, at most so many. The caller must `close` them. */
export type Getter = { readonly get: (path: string) => Promise<Got>; readonly close: () => void };

/** Opens connections as they are needed. A request waits for a free one; it rejects when the server does not answer within 30 s. */
export function openGetter(url: string, connections: number): Getter {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    get: (path) =>
      new Promise((resolve, reject) => {
        const request = get(url + path, { agent, timeout: 30_000 }, (response) => {
          const parts: Buffer[] = [];
          response
            .on('data', (part: Buffer) => parts.push(part))
            .once('error', reject)
            .once('end', () =>
              resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString() }),
            );
        });
        request.once('error', reject).once('timeout', () => request.destroy(new Error(`${url}${path} was not answered within 30 s.`)));
      }),
    close: () => agent.destroy(),
  };
}
