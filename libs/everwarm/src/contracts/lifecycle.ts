/** How documents of a lazy read model come to be and go. */
export type LazyLifecycle = {
  /** How old a document may become before it is read as if it were not there: `'5m'`, `'30s'`, or milliseconds. Default: for ever. */
  readonly expireAfter?: string | number;
  /** For how long after that it is still given away while one process makes it anew. Default: not at all. */
  readonly staleWhileRevalidate?: string | number;
  /** What a change does to a document that some store holds: takes it away (the default), or makes it anew. */
  readonly refresh?: 'evict' | 'recompute';
};

/**
 * When the documents of a read model, or the entries of a list, are written. No part of its definition: it may be changed at any
 * time, in place, and is what `everwarm.generations` says and not what a process's own code does.
 *
 * - `async`: by workers, right after the change was committed.
 * - `inline`: in the transaction that makes the change, where it is one of `everwarm.transaction` or ends with `everwarm.inline`;
 *   by workers all the same, which make good whatever was not written so.
 * - `lazy`: when they are first read.
 */
export type Lifecycle = 'async' | 'inline' | { readonly lazy: LazyLifecycle };

/** A lifecycle without its settings. */
export type LifecycleKind = 'async' | 'inline' | 'lazy';

/** What kind of lifecycle this is. */
export function lifecycleKind(lifecycle: Lifecycle): LifecycleKind {
  return typeof lifecycle === 'string' ? lifecycle : 'lazy';
}
