import type { KeyColumn } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import type { KeyValue } from '#contracts/key.ts';
import type { ReadOptions } from '#stages/read/read-options.ts';
import type { Reader } from '#stages/read/reader.ts';
import type { Answer, Asked } from './answer.ts';
import { documentAnswer, unchangedAnswer } from './document-answer.ts';
import { definitionMark, digestOf } from './etag.ts';
import { liveAnswer } from './live-answer.ts';
import { negotiate } from './negotiate.ts';
import { pageAnswer } from './page-answer.ts';
import { readPageRequest } from './page-request.ts';
import { type Problem, problemAnswer, problemOf } from './problem.ts';
import { type DocumentRoute, keyOf, type ListRoute, partitionOf, type Route } from './routes.ts';
import { tokensOf } from './token.ts';

/** What serving reads over HTTP is told, on whichever server. `Asking` is a request as that server has it. */
export type HttpOptions<Asking> = {
  readonly reader: Reader;
  readonly routes: readonly Route[];
  /**
   * Whose documents a request may read, by what the request proves: routes of read models with `tenantBy` then read that tenant's
   * alone. What it throws is for the server to answer.
   */
  readonly tenant?: (request: Asking) => KeyValue | Promise<KeyValue>;
  /**
   * What all answers say of caching. Default `no-cache`: others may keep an answer, and ask each time whether it still holds; with
   * `tenant`, `private, no-cache`.
   */
  readonly cacheControl?: string;
  /** How fresh answers must be. A request adds its own tokens as `Everwarm-After`. */
  readonly freshness?: Omit<ReadOptions, 'after'>;
  /** From how many bytes on documents are sent compressed to clients that take that. Default: never. */
  readonly compressFrom?: number;
  /** After how many milliseconds without news a live connection is sent a comment. Default 15,000. */
  readonly heartbeatMs?: number;
  /** Told of failures that are not the client's doing, with the path that was asked for. */
  readonly onError?: (error: unknown, path: string) => void;
};

/** One place of the table as it is served: the same on every server. */
export type Served = {
  readonly path: string;
  readonly route: Route;
  /** Whether the document is followed here, rather than read once. */
  readonly live: boolean;
  /** Answers. Never rejects: what fails is a problem document. `url` is what was asked for. */
  answer(asked: Asked, url: string): Promise<Answer>;
};

type Options = HttpOptions<never>;
type Reads = (asked: Asked, url: string) => Promise<Answer | Problem>;

/** The table of routes put to use. Throws E_CONFIG for a route whose path and read model do not agree. */
export function serve(given: HttpOptions<never>): Served[] {
  const options = { ...given, cacheControl: given.cacheControl ?? (given.tenant ? 'private, no-cache' : 'no-cache') };
  const served = (route: Route, reads: Reads, live = false): Served => ({
    path: live ? `${route.path}/live` : route.path,
    route,
    live,
    answer: async (asked, url) => {
      try {
        const found = await reads(asked, url);
        return 'code' in found ? problemAnswer(found, url) : found;
      } catch (error) {
        return failureAnswer(error, url, options);
      }
    },
  });
  return options.routes.flatMap((route) => {
    if (route.kind === 'list') return [served(route, readsPage(route, options))];
    const document = served(route, readsDocument(route, options));
    return route.live ? [document, served(route, followsDocument(route, options), true)] : [document];
  });
}

/** The answer to what failed. Tells of it when it is not the client's doing. */
function failureAnswer(error: unknown, url: string, { onError }: Pick<Options, 'onError'>): Answer {
  const problem = problemOf(error);
  if (problem.status >= 500) onError?.(error, url);
  return problemAnswer(problem, url);
}

const absent = ({ model }: DocumentRoute): Problem => ({
  status: 404,
  code: 'not_found',
  detail: `There is no document of ${model.name} with this key.`,
});

type Serving = Options & { readonly cacheControl: string };

function readsDocument(route: DocumentRoute, options: Serving): Reads {
  const { freshness, cacheControl, compressFrom = Number.POSITIVE_INFINITY } = options;
  const { model } = route;
  const key = keyOf(route, columnsOf(route, options));
  const sideFor = sidesOf(options, definitionMark(model));
  const isEncoded = compressFrom < Number.POSITIVE_INFINITY;
  return async (asked) => {
    const { reader, mark } = sideFor(asked);
    const answering = { mark, cacheControl, isEncoded };
    const wanted = key(asked.params);
    const document = await reader.raw(
      model,
      wanted,
      asked.after === undefined ? freshness : { ...freshness, after: tokensOf(asked.after) },
    );
    if (document === null) return absent(route);
    const unchanged = unchangedAnswer(document, asked.ifNoneMatch, answering);
    if (unchanged) return unchanged;
    const encoding = document.body.length < compressFrom || document.version === null ? null : negotiate(asked.acceptEncoding);
    const body = encoding === null ? document.body : await reader.compressed(model, wanted, document, encoding);
    return documentAnswer(document, { body, encoding }, answering);
  };
}

function followsDocument(route: DocumentRoute, options: Serving): Reads {
  const { heartbeatMs = 15_000, onError } = options;
  const { model } = route;
  const key = keyOf(route, columnsOf(route, options));
  const sideFor = sidesOf(options);
  return async (asked, url) => {
    const { reader } = sideFor(asked);
    const wanted = key(asked.params);
    const watch = (signal: AbortSignal) => reader.rawWatch(model, wanted, { signal });
    const failed = (error: unknown) => onError?.(error, url);
    return (await liveAnswer({ watch, failed, lastEventId: asked.lastEventId, heartbeatMs })) ?? absent(route);
  };
}

function readsPage(route: ListRoute, options: Serving): Reads {
  const { freshness, cacheControl } = options;
  const { list } = route;
  const partition = partitionOf(route);
  // Its order is the list's, its bytes are the item's.
  const sideFor = sidesOf(options, `${definitionMark(list)}-${definitionMark(list.item)}`);
  return async (asked) => {
    const request = readPageRequest(route, asked.query);
    if ('problem' in request) return request.problem;
    const page = { ...freshness, ...request.page, afterToken: asked.after === undefined ? undefined : tokensOf(asked.after) };
    const { reader, mark } = sideFor(asked);
    return pageAnswer(await reader.rawList(list, partition(asked.params), page), asked.ifNoneMatch, { mark, cacheControl });
  };
}

/** What of a document's key the path must give: the tenant comes from elsewhere. */
function columnsOf({ model }: DocumentRoute, { tenant }: Options): readonly KeyColumn[] {
  const { key, tenanted } = model.compile();
  return tenant && tenanted && key.length > 1 ? key.slice(1) : key;
}

const mostReaders = 1000;

/** Who reads for a request, and what the tags of its answers begin with. */
type Side = { readonly reader: Reader; readonly mark: string };

/**
 * The side that a request is on: its tenant's, where requests have tenants. One path then stands for documents of many tenants, which
 * have one version where they were written in one batch: their tags must differ, or a cache would take one for the other.
 */
function sidesOf({ reader, tenant }: Options, mark = ''): (asked: Asked) => Side {
  const own = { reader, mark };
  if (!tenant) return () => own;
  const bound = new Map<KeyValue, Side>();
  return ({ tenant: whose }) => {
    if (whose === undefined || whose === null)
      throw new EverwarmError('E_TENANT', 'This request is of no tenant. Have "tenant" throw for requests that prove none.');
    const known = bound.get(whose);
    if (known) return known;
    if (bound.size >= mostReaders) bound.clear();
    const made = { reader: reader.forTenant(whose), mark: `${mark}-${digestOf(String(whose))}` };
    bound.set(whose, made);
    return made;
  };
}
