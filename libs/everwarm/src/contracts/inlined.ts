/**
 * Why documents were left to the workers, which write them right after the commit as those of any other change:
 *
 * - `keys`: more of them than a transaction may write.
 * - `changes`: the transaction changed thousands of rows.
 * - `unknown`: which they are cannot be told, after a TRUNCATE for example.
 * - `busy`: somebody else was writing them for longer than was waited.
 * - `failed`: they cannot be made, or the statement that makes them cannot run.
 * - `epoch`: the database has begun another epoch, and no worker has been there yet.
 */
export type LeftReason = 'keys' | 'changes' | 'unknown' | 'busy' | 'failed' | 'epoch';

/** What became of the documents and entries that a transaction changed, for each read model of the lifecycle `inline`. */
export type Inlined = {
  /** The keys whose documents or entries the transaction has written, or found to be as they should be. */
  readonly written: readonly { readonly model: string; readonly keys: readonly string[] }[];
  /** What is left to the workers; `code` is the SQLSTATE of what failed. */
  readonly left: readonly { readonly model: string; readonly reason: LeftReason; readonly code: string | null }[];
};
