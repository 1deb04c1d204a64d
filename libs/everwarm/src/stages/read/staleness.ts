/** What each generation's stores lack, as one look found it: the age of the oldest change, in milliseconds; 0 for none. */
export type Lags = ReadonlyMap<number, number>;

/** What is asked of Postgres; both reject when it does not answer. */
export type StalenessParts = {
  /** How far the stores of all generations are behind; Infinity for one of which nobody can tell. */
  readonly lags: () => Promise<Lags>;
  /** Which of these keys of a generation are owed something that is older than this, null for the order of a list. */
  readonly debts: (generation: number, keys: readonly (string | null)[], olderThanMs: number) => Promise<readonly boolean[]>;
};

/** A look that is younger than this is not repeated for nothing. */
const refreshMs = 500;

/**
 * How old an answer of the stores may be. What a look found, and the time since then, is a bound for all keys: whoever wants no more than
 * that asks nobody. Looks are shared, and there are none while nobody sets a bound.
 */
export class Staleness {
  readonly #parts: StalenessParts;
  #known: { readonly at: number; readonly lags: Lags } | null = null;
  #looking: Promise<void> | null = null;

  constructor(parts: StalenessParts) {
    this.#parts = parts;
  }

  /** Which of these keys must not be read from the stores by whoever wants nothing older than this. Rejects when Postgres must be asked and does not answer. */
  async owed(generation: number, keys: readonly (string | null)[], maxMs: number): Promise<readonly boolean[]> {
    if (this.#bound(generation) <= maxMs) {
      if (performance.now() - (this.#known?.at ?? 0) > refreshMs) void this.#look().catch(() => undefined);
      return keys.map(() => false);
    }
    await this.#look();
    return this.#bound(generation) <= maxMs ? keys.map(() => false) : this.#parts.debts(generation, keys, maxMs);
  }

  #bound(generation: number): number {
    if (this.#known === null) return Number.POSITIVE_INFINITY;
    return (this.#known.lags.get(generation) ?? Number.POSITIVE_INFINITY) + performance.now() - this.#known.at;
  }

  #look(): Promise<void> {
    this.#looking ??= (async () => {
      const at = performance.now();
      this.#known = { at, lags: await this.#parts.lags() };
    })().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }
}
