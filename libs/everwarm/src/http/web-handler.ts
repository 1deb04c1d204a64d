import { type Answer, type Asked, isStream, type Stream } from './answer.ts';
import { allowOrigin, type Cors, checkCors, preflightAnswer } from './cors.ts';
import { pathMatcher } from './match-path.ts';
import { type Problem, problemAnswer } from './problem.ts';
import type { Params } from './routes.ts';
import { type HttpOptions, serve } from './served.ts';
import { afterHeader } from './token.ts';

/** A handler of the web's own form, as Hono, Next, Bun and Deno take it. Rejects with what `tenant` throws alone. */
export type WebHandler = (request: Request) => Promise<Response>;

/** What a {@link WebHandler} is made of. */
export type WebOptions = HttpOptions<Request> & {
  /** What all paths of the table stand behind, as in `/api`. Default: nothing. */
  readonly prefix?: string;
  /** Which pages of other origins may read. Default: none. */
  readonly cors?: Cors;
};

/** Serves the table of routes to GET and HEAD. Throws E_CONFIG for a route whose path and read model do not agree. */
export function createHandler(options: WebOptions): WebHandler {
  const { prefix = '', cors } = options;
  if (cors) checkCors(cors);
  const match = pathMatcher(serve(options));
  const answer = async (request: Request, url: URL): Promise<Answer> => {
    const where = url.pathname + url.search;
    const refused = (problem: Problem) => problemAnswer(problem, where);
    const place = url.pathname.startsWith(`${prefix}/`) ? match(url.pathname.slice(prefix.length)) : null;
    if (place === null) return refused({ status: 404, code: 'no_route', detail: `There is no ${url.pathname}.` });
    if (place === 'malformed') return refused({ status: 400, code: 'bad_url', detail: 'The path contains a malformed % escape.' });
    if (request.method === 'OPTIONS' && cors) return preflightAnswer(cors, originOf(request));
    if (request.method === 'GET' || request.method === 'HEAD') {
      const asked = askedBy(request, url, place.params);
      return place.found.answer(options.tenant ? { ...asked, tenant: await options.tenant(request) } : asked, where);
    }
    const { status, headers, body } = refused({ status: 405, code: 'no_method', detail: `${request.method} reads nothing. Use GET.` });
    return { status, headers: [...headers, 'allow', 'GET, HEAD'], body };
  };
  return async (request) => {
    const answered = await answer(request, new URL(request.url));
    if (cors && request.method !== 'OPTIONS') allowOrigin(answered.headers, cors, originOf(request));
    return responseOf(answered, request);
  };
}

const originOf = ({ headers }: Request): string | undefined => headers.get('origin') ?? undefined;

function askedBy({ headers }: Request, { searchParams }: URL, params: Params): Asked {
  const header = (name: string) => headers.get(name) ?? undefined;
  return {
    params,
    query: queryOf(searchParams),
    ifNoneMatch: header('if-none-match'),
    after: header(afterHeader),
    acceptEncoding: header('accept-encoding'),
    lastEventId: header('last-event-id'),
  };
}

function queryOf(search: URLSearchParams): Asked['query'] {
  const query: Record<string, unknown> = {};
  for (const name of new Set(search.keys())) {
    const values = search.getAll(name);
    query[name] = values.length === 1 ? values[0] : values;
  }
  return query;
}

function responseOf({ status, headers, body }: Answer, { method, signal }: Request): Response {
  const pairs: [string, string][] = [];
  for (let at = 0; at < headers.length; at += 2) pairs.push([headers[at] ?? '', headers[at + 1] ?? '']);
  const isHead = method === 'HEAD';
  if (!isStream(body)) return new Response(isHead ? null : body, { status, headers: pairs });
  if (isHead || signal.aborted) body.close();
  else signal.addEventListener('abort', () => body.close(), { once: true });
  return new Response(isHead ? null : readable(body), { status, headers: pairs });
}

/** The stream as the web has it: nothing is made before somebody reads it. */
function readable(stream: Stream): ReadableStream<Uint8Array> {
  const iterator = stream.parts[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => stream.close(),
    },
    { highWaterMark: 0 },
  );
}
