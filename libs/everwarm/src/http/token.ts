import type { Token } from '#contracts/token.ts';

/** The answer's header that carries the token of the commit that a command made. */
export const tokenHeader = 'everwarm-token';

/** The request's header with the tokens, separated by commas, of commits that the answer must show. */
export const afterHeader = 'everwarm-after';

/** Whatever an answer's headers are set on: a Fastify reply, a Hono context, Node's response, `Headers`. */
export type HeaderTarget =
  | { header(name: string, value: string): unknown }
  | { setHeader(name: string, value: string): unknown }
  | { set(name: string, value: string): unknown };

/**
 * Puts the token of a command's transaction on its answer. A client that sends it back as `Everwarm-After` is shown what the command
 * wrote. The caller must do so before the answer is sent, and only once the transaction has committed.
 */
export function sendToken(target: HeaderTarget, token: Token): void {
  if ('header' in target) target.header(tokenHeader, token);
  else if ('setHeader' in target) target.setHeader(tokenHeader, token);
  else target.set(tokenHeader, token);
}

/** The tokens that an Everwarm-After header names; whether they are any, and not too many, is for the reader to check. */
export function tokensOf(header: string): Token[] {
  return header.split(',').map((text) => text.trim());
}
