import { EverwarmError } from './errors.ts';

/** What names a commit to readers: opaque text of at most 40 characters that fit into a header, a cookie or a URL as they are. */
export type Token = string;

/** What a token says: a transaction, by its id, on one timeline of one database. */
export type Commit = { readonly epoch: string; readonly xid: bigint };

/** The ids that a transaction can have: below 3 are those that Postgres keeps for itself. */
const firstXid = 3n;
const lastXid = 2n ** 64n - 1n;

/** The token of a transaction. */
export function encodeToken({ epoch, xid }: Commit): Token {
  return Buffer.from(`${epoch}.${xid}`).toString('base64url');
}

/** Reads a token. Throws E_TOKEN for a text that {@link encodeToken} did not make; asks nobody. */
export function decodeToken(token: string): Commit {
  const text = /^[\w-]{14,40}$/.test(token) ? Buffer.from(token, 'base64url').toString('latin1') : '';
  const [, epoch = '', digits = '0'] = /^([0-9a-f]{8})\.(\d{1,20})$/.exec(text) ?? [];
  const commit = { epoch, xid: BigInt(digits) };
  if (commit.xid < firstXid || commit.xid > lastXid || encodeToken(commit) !== token)
    throw new EverwarmError('E_TOKEN', 'This is no token of everwarm.token(tx). Hand on tokens as they are, or read without one.');
  return commit;
}

/** Throws E_TOKEN when a transaction is not of this epoch, as `epochName` has it. No id means anything on another timeline. */
export function checkEpoch(commit: Commit, epoch: string): void {
  if (commit.epoch === epoch) return;
  throw new EverwarmError(
    'E_TOKEN',
    `The token is of the epoch ${commit.epoch}, and this database is in ${epoch || 'none yet'}: it is another one, or was promoted or restored since. Read without it.`,
    { context: { epoch: commit.epoch, current: epoch } },
  );
}

/** The epoch of tokens, of the epoch under whose name Redis has its keys. */
export function epochIn(space: { readonly epoch: string }): string {
  return space.epoch.replace(/^\d+-/, '');
}
