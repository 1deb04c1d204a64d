import { parseSnapshot, type Snapshot } from '#contracts/snapshot.ts';
import type { Commit } from '#contracts/token.ts';
import type { Awaited, TokenLook } from '#contracts/token-look.ts';

/** What was delivered at some look, and the last number of the ledger then. */
type Probe = { readonly delivered: Snapshot; readonly mark: string };
type Known = { probe: Probe | null; written: Snapshot | null };

/**
 * What is known to be written for good: of each generation, a snapshot all of whose transactions are in every document that they concern.
 * A token that is older than that is met, and asks nobody. It is learned on the way, from looks that are made for others: whatever one
 * look found delivered is written when a later one finds nothing owed that was owed up to then. Of one epoch: another one forgets all.
 */
export class MetGenerations {
  readonly #generations = new Map<number, Known>();
  #epoch = '';

  /** Whether all of these commits are known to be written for each key of a generation. */
  has(generation: number, commits: readonly Commit[]): boolean {
    const written = this.#generations.get(generation)?.written;
    return written != null && commits.every(({ epoch, xid }) => epoch === this.#epoch && sees(written, xid));
  }

  /** What to ask beside others about these generations. The answers are for {@link learn}, in their order. */
  questions(generations: readonly number[]): readonly Awaited[] {
    return generations.map((generation) => ({
      generation,
      key: null,
      commits: [],
      mark: this.#generations.get(generation)?.probe?.mark ?? null,
    }));
  }

  /** Takes the answers to {@link questions}, the first of which is the look's `from`th. No other ones may have been asked since. */
  learn(generations: readonly number[], { epoch, mark, delivered: text, found }: TokenLook, from: number): void {
    if (epoch !== this.#epoch) this.#generations.clear();
    this.#epoch = epoch;
    const delivered = parseSnapshot(text);
    for (const [index, generation] of generations.entries()) {
      const known = this.#generations.get(generation) ?? { probe: null, written: null };
      this.#generations.set(generation, known);
      const answer = found[from + index];
      if (answer?.state === 'met') known.written = known.probe?.delivered ?? delivered;
      // What nobody has written down may be owed later, under higher numbers.
      if (answer?.state === 'apart' || !answer?.delivered) known.probe = null;
      else if (answer.state === 'met' || known.probe === null) known.probe = { delivered, mark };
    }
  }
}

function sees({ xmin, xmax, inProgress }: Snapshot, xid: bigint): boolean {
  return xid < xmin || (xid < xmax && !inProgress.includes(String(xid)));
}
