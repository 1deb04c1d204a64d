import type { Params } from './routes.ts';

/** What a path is: a place of the table with its parameters, or none. */
export type Match<T> = { readonly found: T; readonly params: Params };

/**
 * Finds paths in a table of patterns such as `/posts/:id/card`, where plain segments go before parameters. Gives null for a path that
 * is none of them, and `malformed` for one that cannot be decoded.
 */
export function pathMatcher<T extends { readonly path: string }>(table: readonly T[]): (path: string) => Match<T> | 'malformed' | null {
  const patterns = table
    .map((found) => ({ found, segments: found.path.slice(1).split('/') }))
    .sort((a, b) => (specificity(a.segments) < specificity(b.segments) ? -1 : 1));
  return (path) => {
    const given = path.slice(1).split('/');
    for (const { found, segments } of patterns) {
      if (segments.length !== given.length) continue;
      if (!segments.every((segment, index) => segment.startsWith(':') || segment === given[index])) continue;
      const params: Record<string, string> = {};
      for (const [index, segment] of segments.entries()) {
        if (!segment.startsWith(':')) continue;
        const text = decoded(given[index] ?? '');
        if (text === null) return 'malformed';
        params[segment.slice(1)] = text;
      }
      return { found, params };
    }
    return null;
  };
}

/** Sorts the pattern first that has its plain segments first. */
function specificity(segments: readonly string[]): string {
  return segments.map((segment) => (segment.startsWith(':') ? '1' : '0')).join('');
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
