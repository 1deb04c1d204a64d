import { STATUS_CODES } from 'node:http';
import { EverwarmError, type EverwarmErrorCode } from '#contracts/errors.ts';
import type { Answer } from './answer.ts';

/** Why a request was not answered, in words that may leave the house: no SQL, host names or stack traces. */
export type Problem = {
  readonly status: number;
  /** Stable: programs may branch on it. */
  readonly code: string;
  readonly detail: string;
  /** The fields of the request that are not as they must be. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
};

/** The media type of RFC 9457. */
const problemType = 'application/problem+json; charset=utf-8';

/** Which of the engine's codes are the client's doing. Of every other one the client learns only that it may try again. */
const statuses: Readonly<Record<EverwarmErrorCode, 400 | 403 | 404 | 500 | 503>> = {
  E_KEY: 400,
  E_CURSOR: 400,
  E_TOKEN: 400,
  E_TENANT: 403,
  E_UNKNOWN_MODEL: 404,
  E_NOT_MIGRATED: 503,
  E_NEWER_SCHEMA: 503,
  E_POSTGRES: 503,
  E_POSTGRES_UNFIT: 503,
  E_OVERLOADED: 503,
  E_REDIS: 503,
  E_REDIS_UNFIT: 503,
  E_TIMEOUT: 503,
  E_LIFECYCLE: 503,
  E_FUSE: 503,
  E_STALE: 503,
  E_TRANSFORM: 500,
  E_DOCUMENT: 500,
  E_CONFIG: 500,
  E_DEFINITION: 500,
  E_INLINE: 500,
  E_USAGE: 500,
};

const details = {
  500: 'The server failed to answer. Its log says why.',
  503: 'The server cannot answer at the moment. Try again in a second.',
} as const;

/**
 * What an error means to a client. Messages of client errors are written for people; those of server errors name hosts and databases,
 * so they are for the log alone.
 */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof EverwarmError)) return { status: 500, code: 'internal', detail: details[500] };
  // A token of a transaction that has not ended, or that there never was, was sent too early or made up.
  const status = error.code === 'E_STALE' && error.context['open'] === true ? 409 : statuses[error.code];
  return { status, code: error.code, detail: status === 500 || status === 503 ? details[status] : error.message };
}

/** A problem document of RFC 9457. `type` is about:blank: `code` says more than a page about it would. `instance` is the path that was asked for. */
export function problemAnswer({ status, code, detail, errors }: Problem, instance: string): Answer {
  const title = STATUS_CODES[status] ?? 'Error';
  const body = Buffer.from(JSON.stringify({ type: 'about:blank', title, status, detail, instance, code, errors }));
  const headers = ['content-type', problemType, 'content-length', String(body.length), 'cache-control', 'no-store'];
  if (status === 503) headers.push('retry-after', '1');
  return { status, headers, body };
}
