/** What a recompute job carries: ids only, never documents or personal data. The ledger says what is really owed. */
export type RecomputeJob = {
  readonly generation: number;
  readonly keys: readonly string[];
};

/** The most keys one job carries; also the most keys one recompute statement sees. */
export const maxJobKeys = 300;
