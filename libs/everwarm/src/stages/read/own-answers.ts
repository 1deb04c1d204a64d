/** How many answers are remembered. Beyond that nothing that others left is believed, for as long as any of it may last. */
const most = 20_000;

type Answer = { readonly until: number; readonly document: boolean };

/**
 * What this process has given away of the sources without having the lease for it: what another process learned of the same key may be
 * older, and is given away again no sooner than it must be gone. Remembered by this process's own clock, which nobody sets.
 */
export class OwnAnswers {
  readonly #answers = new Map<string, Answer>();
  readonly #lastsMs: number;
  #blindUntil = Number.NEGATIVE_INFINITY;

  /** `lastsMs`: how long anything lasts that another process left, from when it began to ask. */
  constructor(lastsMs: number) {
    this.#lastsMs = lastsMs;
  }

  /** The sources were asked and have answered, with a document or with none. */
  note(generation: number, key: string, document: boolean): void {
    const now = performance.now();
    const name = `${generation}:${key}`;
    // In the order of time: the oldest are the first.
    this.#answers.delete(name);
    for (const [other, { until }] of this.#answers) {
      if (until > now) break;
      this.#answers.delete(other);
    }
    if (this.#answers.size >= most) {
      this.#answers.clear();
      this.#blindUntil = now + this.#lastsMs;
    } else this.#answers.set(name, { until: now + this.#lastsMs, document });
  }

  /** The answer is what others will find: whatever they leave after it is newer. */
  forget(generation: number, key: string): void {
    this.#answers.delete(`${generation}:${key}`);
  }

  /** Whether a loan may be older than what was given away. */
  refusesLoan(generation: number, key: string): boolean {
    return this.#find(generation, key) !== null;
  }

  /** Whether it may be older than a document that was given away that another process found none. */
  refusesAbsence(generation: number, key: string): boolean {
    return this.#find(generation, key)?.document ?? false;
  }

  #find(generation: number, key: string): Answer | null {
    if (this.#blindUntil > performance.now()) return { until: this.#blindUntil, document: true };
    if (this.#answers.size === 0) return null;
    const answer = this.#answers.get(`${generation}:${key}`);
    return answer !== undefined && answer.until > performance.now() ? answer : null;
  }
}
