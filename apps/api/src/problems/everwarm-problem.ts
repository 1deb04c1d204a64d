import type { EverwarmError, EverwarmErrorCode } from 'everwarm';
import type { Problem } from './problem.ts';

/** Which of the engine's codes are the client's doing. Of every other one the client learns only that it may try again. */
const statuses: Readonly<Record<EverwarmErrorCode, 400 | 404 | 500 | 503>> = {
  E_KEY: 400,
  E_TRANSFORM: 500,
  E_DOCUMENT: 500,
  E_CURSOR: 400,
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
  E_CONFIG: 500,
  E_DEFINITION: 500,
  E_USAGE: 500,
  E_FUSE: 503,
};

const details = {
  500: 'The server is set up wrongly. Its log says how.',
  503: 'The server cannot answer at the moment. Try again in a second.',
} as const;

/** Maps the engine's codes to HTTP. Messages of server errors name hosts and databases, so they stay in the log. */
export function everwarmProblem({ code, message }: EverwarmError): Problem {
  const status = statuses[code];
  return { status, code, detail: status === 500 || status === 503 ? details[status] : message };
}
