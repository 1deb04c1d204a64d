import { durationMs } from './duration.ts';
import type { LazyLifecycle, Lifecycle } from './lifecycle.ts';

/** The settings of a lazy read model: ages in milliseconds, `Infinity` for none. */
export type LazyTerms = {
  /** Up to this age a document is given away as it is. */
  readonly freshMs: number;
  /** Up to this age it is given away while it is made anew; beyond it, it is as if it were not there. */
  readonly lastsMs: number;
  readonly refresh: 'evict' | 'recompute';
};

const known = new WeakMap<LazyLifecycle, LazyTerms>();

/** The terms of a lifecycle; null for one that is not lazy. Throws E_CONFIG where a duration is none. Asked at every read. */
export function lazyTerms(lifecycle: Lifecycle): LazyTerms | null {
  if (typeof lifecycle === 'string') return null;
  const { lazy } = lifecycle;
  const found = known.get(lazy);
  if (found) return found;
  const freshMs = lazy.expireAfter === undefined ? Number.POSITIVE_INFINITY : durationMs(lazy.expireAfter, 'lazy.expireAfter');
  const staleMs = lazy.staleWhileRevalidate === undefined ? 0 : durationMs(lazy.staleWhileRevalidate, 'lazy.staleWhileRevalidate');
  const terms = { freshMs, lastsMs: freshMs + staleMs, refresh: lazy.refresh ?? 'evict' };
  known.set(lazy, terms);
  return terms;
}

/** How long a document lasts from its moment on, in milliseconds; `Infinity` where it is kept until it changes. */
export function lastsMs(lifecycle: Lifecycle): number {
  return lazyTerms(lifecycle)?.lastsMs ?? Number.POSITIVE_INFINITY;
}
