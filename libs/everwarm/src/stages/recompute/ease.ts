/** From how many times its usual time a batch counts as slow, from how few as quick again, and how many batches are looked at before the next step. */
const slow = 4;
const quick = 1.5;
const batches = 8;

/** How fast what is usual follows, a batch: about a hundred batches of a new pace are the usual pace. */
const drift = 1.02;

type Usual = { ms: number; seen: number };

/**
 * How many batches run at once: all that are allowed while the database is as quick as usual, half as many each time that it takes
 * far longer, down to one, and one more for each time that it is quick again. What is usual is a running median of the time that
 * batches of about that size take, so a database that is slow for good is the usual one in the end.
 */
export class Ease {
  readonly #most: number;
  readonly #usual = new Map<number, Usual>();
  #limit: number;
  #slowness = 1;
  #since = 0;

  constructor(most: number) {
    this.#most = most;
    this.#limit = most;
  }

  /** How many may run at once now. */
  get limit(): number {
    return this.#limit;
  }

  /** Says how long a batch of so many keys took. */
  note(keys: number, ms: number): void {
    const size = Math.floor(Math.log2(Math.max(1, keys)));
    const usual = this.#usual.get(size) ?? { ms, seen: 0 };
    // A tenth of a millisecond is as good as nothing.
    const times = (ms + 0.1) / (usual.ms + 0.1);
    usual.ms = ms > usual.ms ? usual.ms * drift + 0.001 : usual.ms / drift;
    usual.seen++;
    this.#usual.set(size, usual);
    if (usual.seen < batches) return;
    // One batch that waited for a lock is not a slow database.
    this.#slowness += (Math.min(times, slow * 2) - this.#slowness) / 4;
    this.#since++;
    if (this.#since < batches) return;
    if (this.#slowness > slow) this.#set(Math.max(1, this.#limit >> 1));
    else if (this.#slowness < quick && this.#limit < this.#most) this.#set(this.#limit + 1);
  }

  #set(limit: number): void {
    this.#limit = limit;
    this.#slowness = 1;
    this.#since = 0;
  }
}
