import type { Transactions } from '#contracts/database.ts';
import type { HeldChange } from '#contracts/fuse.ts';
import { discardHeld, type HeldOptions, listHeld, releaseHeld } from './fuse.ts';

/** What an operator does with changes that the fuse holds. */
export interface HeldChanges {
  /** What is held, oldest first. */
  list(): Promise<readonly HeldChange[]>;
  /** Lets held changes through. Throws E_USAGE when one of these is not held. `dryRun` only tells which. */
  release(ids: readonly string[], options?: HeldOptions): Promise<readonly HeldChange[]>;
  /** Drops held changes; documents stay as they are. Throws E_USAGE when one of these is not held. `dryRun` only tells which. */
  discard(ids: readonly string[], options?: HeldOptions): Promise<readonly HeldChange[]>;
}

/** The verbs of the fuse on one database. */
export function heldChanges(db: Transactions): HeldChanges {
  return {
    list: () => listHeld(db),
    release: (ids, options) => releaseHeld(db, ids, options),
    discard: (ids, options) => discardHeld(db, ids, options),
  };
}
