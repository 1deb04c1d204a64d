import { type Encoding, encodings } from './etag.ts';

/** Clients are of few kinds: what their headers say is remembered. */
const remembered = new Map<string, Encoding | null>();
const mostRemembered = 200;

/** The encoding that an Accept-Encoding header likes best of those that there are; null where that is none. */
export function negotiate(acceptEncoding: string | undefined): Encoding | null {
  if (acceptEncoding === undefined) return null;
  const known = remembered.get(acceptEncoding);
  if (known !== undefined) return known;
  const chosen = choose(acceptEncoding);
  if (remembered.size >= mostRemembered) remembered.clear();
  remembered.set(acceptEncoding, chosen);
  return chosen;
}

function choose(header: string): Encoding | null {
  const weights = new Map(header.split(',').map((part) => weighted(part)));
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
  const best = encodings.reduce((one, other) => (weightOf(other) > weightOf(one) ? other : one));
  // What is sent as it is stands behind nothing that is liked as much, since less is sent so.
  return weightOf(best) > 0 && weightOf(best) >= (weights.get('identity') ?? 0) ? best : null;
}

/** One choice of the header and how much it is liked, from 0 (not at all) to 1. */
function weighted(part: string): [string, number] {
  const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const value = weight === undefined ? 1 : Number(weight.slice(2));
  return [name, Number.isFinite(value) ? value : 0];
}
