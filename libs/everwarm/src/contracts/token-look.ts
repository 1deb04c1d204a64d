import type { Commit } from './token.ts';

/** A key that must show commits, or the order of a whole list, whose key is null. */
export type Awaited = {
  readonly generation: number;
  readonly key: string | null;
  readonly commits: readonly Commit[];
  /** Of a list, the number below which nothing may be owed any more: the mark of the first look that found the commits delivered. */
  readonly mark: string | null;
};

/**
 * How it stands with one of them. `met`: both stores have it, but for what Redis is owed while nobody trusts it. `behind`: it is on its
 * way and worth waiting for. `apart`: it may take long, or for ever (a key that fails, a change of many keys), and nobody waits for
 * that: the sources have it. `open`: a transaction that has not ended.
 */
export type TokenState = 'met' | 'behind' | 'apart' | 'open';

/**
 * One look, in one snapshot: the epoch as tokens name it, the last number of the ledger, a snapshot of which everything is delivered, and
 * for each that was asked about how it stands.
 */
export type TokenLook = {
  readonly epoch: string;
  readonly mark: string;
  readonly delivered: string;
  readonly found: readonly { readonly state: TokenState; readonly delivered: boolean }[];
};

/** Asks Postgres about all of them at once, in their order. Rejects when it does not answer. */
export type LookAtTokens = (awaited: readonly Awaited[]) => Promise<TokenLook>;
