import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The console's token and what browsers hold in its place. */
export type Secret = {
  /** Whether a caller knows the token. Takes the same time for every wrong one. */
  isToken(given: string): boolean;
  /** Whether a cookie was made from the token. Takes the same time for every wrong one. */
  isSession(given: string): boolean;
  /** What a browser is given: it proves that the token was known and cannot be turned back into it. */
  readonly session: string;
};

/** Keeps a token for comparing. */
export function keepSecret(token: string): Secret {
  const session = createHmac('sha256', token).update('everwarm console session').digest('base64url');
  return { isToken: (given) => isSame(given, token), isSession: (given) => isSame(given, session), session };
}

/** Compares digests, since the comparison wants equal lengths and a length is something to learn. */
function isSame(given: string, wanted: string): boolean {
  return timingSafeEqual(createHash('sha256').update(given).digest(), createHash('sha256').update(wanted).digest());
}
