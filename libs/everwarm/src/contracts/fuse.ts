/** How many keys of a read model one change may dirty before it is held for an operator; false: any number. */
export type FuseSize = number | false;

/** The fuse as it is configured: one size for all read models, or sizes by their names, the default for those not named. */
export type Fuse = FuseSize | Readonly<Record<string, FuseSize>>;

/**
 * Five minutes of work for one worker process (some 4,000 documents a second on two cores): what goes on longer than that because
 * of one statement is rarely meant. Less would stop ordinary work, since single changes are done first however large the rest is.
 */
const defaultFuse = 1_000_000;

/** The fuse of one read model: Infinity where it is switched off. */
export function fuseOf(fuse: Fuse | undefined, model: string): number {
  const size = (typeof fuse === 'object' ? fuse[model] : fuse) ?? defaultFuse;
  return size === false ? Number.POSITIVE_INFINITY : size;
}

/** A change that is held. */
export type HeldChange = {
  readonly id: string;
  readonly model: string;
  readonly generation: number;
  /** Where the read model reads the table that changed, e.g. `post_detail.author`. */
  readonly path: string;
  /** The table that changed, as `schema.name`. */
  readonly table: string;
  /** The oldest transaction that changed it so. */
  readonly xid: string;
  readonly since: Date;
  /** How many changes that find the same keys are held in one. */
  readonly changes: number;
  /** How many keys it dirties, at least about. */
  readonly keys: number;
};
