import { once } from 'node:events';
import type { OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Answer, type Asked, addVary, isStream, type Stream } from './answer.ts';
import { allowOrigin, type Cors, checkCors, preflightAnswer } from './cors.ts';
import { refuseLongPaths } from './long-paths.ts';
import type { Params } from './routes.ts';
import { type HttpOptions, type Served, serve } from './served.ts';

/** What the plugin is registered with. */
export type FastifyOptions = HttpOptions<FastifyRequest> & {
  /** Which pages of other origins may read. Default: none. */
  readonly cors?: Cors;
  /** What each route's `config` is: for plugins that look there, such as those that describe an API. */
  readonly config?: (served: Served) => FastifyContextConfig;
};

/**
 * A Fastify plugin that serves the table of routes. An answer is written with one call, past Fastify's serializers and `onSend`
 * hooks, each of which costs a share of a read; hooks before the handler run, and headers that they set are sent. Throws E_CONFIG for
 * a route whose path and read model do not agree.
 */
export async function everwarmHttp(app: FastifyInstance, options: FastifyOptions): Promise<void> {
  const { cors, tenant } = options;
  if (cors) checkCors(cors);
  const open: Open = { closes: new Set(), isClosing: false };
  // Connections that never end by themselves would keep the server from closing, those too that are about to open.
  app.addHook('preClose', async () => {
    open.isClosing = true;
    for (const close of open.closes) close();
  });
  const give = (request: FastifyRequest, reply: FastifyReply, answered: Answer) => {
    if (cors) allowOrigin(answered.headers, cors, request.headers.origin);
    return send(reply, answered, open);
  };
  const table = serve(options);
  for (const served of table) {
    const config = options.config?.(served) ?? {};
    const answer = (asked: Asked, request: FastifyRequest, reply: FastifyReply) =>
      served
        .answer(asked, request.url)
        .then((answered) => give(request, reply, answered))
        // An answer says all that can fail: this is the connection itself, on which nothing more can be said.
        .catch(() => void reply.raw.destroy());
    const answerTenant = async (request: FastifyRequest, reply: FastifyReply, whose: NonNullable<typeof tenant>) => {
      try {
        void answer({ ...askedBy(request), tenant: await whose(request) }, request, reply);
      } catch (error) {
        reply.send(error);
      }
    };
    const handler = (request: FastifyRequest, reply: FastifyReply) => {
      void (tenant ? answerTenant(request, reply, tenant) : answer(askedBy(request), request, reply));
    };
    app.get(served.path, { config, exposeHeadRoute: !served.live }, handler);
    if (cors)
      app.options(served.path, { config }, (request, reply) => void send(reply, preflightAnswer(cors, request.headers.origin), open));
  }
  refuseLongPaths(app, table, (request, reply, refusal) => void give(request, reply, refusal));
}

function askedBy({ params, query, headers }: FastifyRequest): Asked {
  return {
    params: params as Params,
    query: query as Asked['query'],
    ifNoneMatch: headers['if-none-match'],
    after: headers['everwarm-after'] as string | undefined,
    acceptEncoding: headers['accept-encoding'] as string | undefined,
    lastEventId: headers['last-event-id'] as string | undefined,
  };
}

/** What ends each connection on which something goes on, and whether all are to end. */
type Open = { readonly closes: Set<() => void>; isClosing: boolean };

/** Writes an answer. Node leaves out the body of an answer to HEAD by itself. */
function send(reply: FastifyReply, { status, headers, body }: Answer, open: Open): Promise<void> | undefined {
  const response = reply.raw;
  if (reply.sent) {
    if (isStream(body)) body.close();
    return undefined;
  }
  reply.hijack();
  // A server that closes waits for what is kept open for a next request.
  if (open.isClosing) response.shouldKeepAlive = false;
  response.writeHead(status, withEarlier(headers, reply));
  if (isStream(body)) return sendStream(response, body, open);
  response.end(body);
  return undefined;
}

/** What hooks have set is sent too, unless the answer says it itself: cookies, several of one name, as they are. */
function withEarlier(headers: string[], reply: FastifyReply): OutgoingHttpHeader[] {
  const all: OutgoingHttpHeader[] = headers;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value === undefined) continue;
    if (name === 'vary') addVary(headers, String(value));
    else if (!headers.some((known, at) => at % 2 === 0 && known === name)) all.push(name, value);
  }
  return all;
}

/** Writes what goes on as fast as it is taken, and no faster. */
async function sendStream(response: ServerResponse, stream: Stream, open: Open): Promise<void> {
  if (response.destroyed) {
    stream.close();
    return;
  }
  const closed = new AbortController();
  const close = () => {
    stream.close();
    // Who takes nothing does not take the end either.
    if (response.writableNeedDrain) response.destroy();
  };
  response.once('close', () => {
    open.closes.delete(close);
    closed.abort();
    stream.close();
  });
  open.closes.add(close);
  for await (const part of stream.parts) {
    if (closed.signal.aborted || open.isClosing) break;
    if (!response.write(part)) await once(response, 'drain', { signal: closed.signal }).catch(() => undefined);
  }
  response.end();
}
