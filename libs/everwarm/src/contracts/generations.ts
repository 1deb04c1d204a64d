import type { Generation } from './compiled.ts';

/** The generations of a database, as a stage sees them: remembered, and read again when the revision moved on. */
export interface Generations {
  /** Generations that are building, serving or previous: what must be kept right. `revision` forces a fresh look when it is newer. */
  live(revision?: string): Promise<readonly Generation[]>;
  /** The same as the database has them at this moment, for whoever acts on what serves rather than reads it. */
  look(): Promise<readonly Generation[]>;
  /** One live generation, or null when it was dropped or is unknown. */
  byId(id: number): Promise<Generation | null>;
  /** The live generation of exactly this definition as far as it is remembered, at once; null says nothing. Looks again beside it. */
  remembered(name: string, hash: string): Generation | null;
  /** The live generation of exactly this definition, or null when it was never migrated or is gone. */
  byHash(name: string, hash: string): Promise<Generation | null>;
  /**
   * Notes that a generation's own SQL cannot run, so that nobody tries in vain until the watch over the source tables has seen
   * it run again. Its keys stay owed. Returns whether that was news.
   */
  stall(id: number, reason: string): Promise<boolean>;
}
