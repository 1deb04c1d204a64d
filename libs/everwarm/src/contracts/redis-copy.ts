/**
 * Whether Redis holds what the projection tables hold. `whole`: but for what the ledger owes, yes. `behind`: nobody knows, or
 * Postgres runs ahead on purpose; readers ask Postgres.
 */
export type RedisState = 'whole' | 'behind';

/**
 * What Postgres says of the copy in Redis. Readers may trust a copy that is `whole`, whose mark in Redis (`presenceKey`) is
 * `token`, and whose server is `server`: a mark alone survives a failover that lost what was written last.
 */
export type RedisCopy = {
  readonly state: RedisState;
  /** Another one at every change to `behind`; in Redis as the mark once the copy is whole under it. */
  readonly token: string;
  /** Since when it is in this state, in milliseconds by the clock of Postgres. For people: no protocol compares it. */
  readonly since: number;
  /** The server that was whole when the state last became `whole`, as `serverIdentity` tells it; null while it never was. */
  readonly server: string | null;
  /** The token under which the copy was last whole: where this mark still stands on that server, only what is owed is missing. */
  readonly mark: string | null;
  /** Why it is behind, in words; null while it is whole. */
  readonly reason: string | null;
};

/**
 * How long one look at the copy lets a reader trust Redis, from when the look began. Postgres runs ahead of Redis only when a process
 * has known for longer than this that the copy is behind.
 */
export const trustMs = 3000;

/**
 * Which server answers, from the text of `INFO server` and `INFO replication` (or all of `INFO`): the process, and the history of data
 * that it continues. Another process may have come back with less than the one before had said it took; a promoted replica, too.
 */
export function serverIdentity(info: string): string {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return [field('run_id'), field('role'), field('master_replid')].join(' ').trim();
}

/** What a reader knows of the copy in Redis from one look at Postgres; `epoch` names its keys, and is null while no worker has begun the epoch. */
export type CopyLook = Pick<RedisCopy, 'state' | 'token' | 'server'> & { readonly epoch: string | null };
