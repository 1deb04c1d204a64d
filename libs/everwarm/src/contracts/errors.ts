/** Every way in which Everwarm can break a promise; one line each says when. Stable: programs may branch on them. */
export type EverwarmErrorCode =
  /** A read model or list is declared in a shape that is not supported or cannot be kept right. */
  | 'E_DEFINITION'
  /** The configuration (URLs, schema, read models) is incomplete or contradicts itself; or an option of a call has no such value. */
  | 'E_CONFIG'
  /** A key does not have the type or form of the read model's primary key. */
  | 'E_KEY'
  /** A read model's transform threw, gave something that is not JSON, or is not in this process's code. */
  | 'E_TRANSFORM'
  /** A document cannot be made from what its rows say, or is larger than allowed. */
  | 'E_DOCUMENT'
  /** A page cursor was not made by this list. */
  | 'E_CURSOR'
  /** A token was not made by `everwarm.token`, or names a commit of another database or epoch. */
  | 'E_TOKEN'
  /** No answer is as fresh as the reader asked for, who wanted none that is older. */
  | 'E_STALE'
  /** A reader that is bound to a tenant was asked for what is not that tenant's, or a read model of tenants was read without one. */
  | 'E_TENANT'
  /** A document cannot be written in the caller's own transaction as that transaction is. */
  | 'E_INLINE'
  /** No read model or list of that name is declared. */
  | 'E_UNKNOWN_MODEL'
  /** The database holds no generation of this definition: `migrate` has not run. */
  | 'E_NOT_MIGRATED'
  /** The `everwarm` schema in the database was written by newer code. */
  | 'E_NEWER_SCHEMA'
  /** Postgres cannot be reached, or refused the connection. */
  | 'E_POSTGRES'
  /** Postgres is reachable and lacks something Everwarm stands on: version, rights, tables. */
  | 'E_POSTGRES_UNFIT'
  /** Redis does not answer, and more reads ask Postgres than may at once. */
  | 'E_OVERLOADED'
  /** Redis cannot be reached, or refused the connection. */
  | 'E_REDIS'
  /** Redis is reachable and unfit: version or eviction policy. */
  | 'E_REDIS_UNFIT'
  /** Something did not happen within the time the caller allowed. */
  | 'E_TIMEOUT'
  /** A change would recompute more documents than the fuse allows, and is held until an operator decides. */
  | 'E_FUSE'
  /** A call came before `start` or after `stop`. */
  | 'E_LIFECYCLE'
  /** The command line is wrong. */
  | 'E_USAGE';

/** The facts behind an error: ids and names only, never documents or credentials. */
export type ErrorContext = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * The one error class of the package: a broken promise with a stable code. The message says what happened, with which
 * value, and what to do; `cause` keeps the underlying error. Expected outcomes (stale, missing) are values, not errors.
 */
export class EverwarmError extends Error {
  override readonly name = 'EverwarmError';
  readonly code: EverwarmErrorCode;
  readonly context: ErrorContext;

  constructor(code: EverwarmErrorCode, message: string, options: { cause?: unknown; context?: ErrorContext } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.context = options.context ?? {};
  }
}
