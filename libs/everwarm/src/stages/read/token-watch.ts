import { type Commit, checkEpoch } from '#contracts/token.ts';
import type { Awaited, LookAtTokens, TokenLook, TokenState } from '#contracts/token-look.ts';
import { MetGenerations } from './met-generations.ts';

/** What came of waiting: `late` when it was not met in time, the others as a look found it. */
export type Verdict = 'met' | 'late' | 'apart' | 'open';

/**
 * How long is waited. Who is not `patient` takes what the first look finds, but of a transaction that is open, which nobody can answer for
 * before it ends; who wants to be `sure` hears at least that, however long it
 * takes, since only a look tells a transaction that is open from one whose work is on its way.
 */
export type Patience = { readonly timeoutMs: number; readonly patient: boolean; readonly sure: boolean };

/** The pause after a look that left somebody waiting: from here, half as long again each time, up to there. */
const pauseMs = { first: 1, growth: 1.5, last: 25 } as const;

/** No more at one look than this. */
const mostAtOnce = 2000;

type Waiting = {
  awaited: Awaited;
  readonly patient: boolean;
  /** Whether the time is up, and the next look decides. */
  isLast: boolean;
  /** How the last look found it. */
  state: TokenState | null;
  readonly end: (verdict: Verdict) => void;
  readonly fail: (error: unknown) => void;
};

/**
 * All readers of a process that wait for what tokens name. They share one loop, which looks for all of them in one statement: at once
 * when somebody comes, then at growing pauses, and not at all while nobody waits.
 */
export class TokenWatch {
  readonly #look: LookAtTokens;
  readonly #waiting = new Set<Waiting>();
  readonly #met = new MetGenerations();
  #isLooking = false;
  #arrived = 0;
  #wake: () => void = () => undefined;

  constructor(look: LookAtTokens) {
    this.#look = look;
  }

  /** Whether these commits are known to be written for every key of a generation: then nobody is asked, and nobody waits. */
  knows(generation: number, commits: readonly Commit[]): boolean {
    return this.#met.has(generation, commits);
  }

  /**
   * Resolves with one verdict for each of these keys, null for the order of a list. Throws E_TOKEN when the database is in another
   * epoch than the commits, and what the look throws when Postgres does not answer.
   */
  async wait(
    generation: number,
    keys: readonly (string | null)[],
    commits: readonly Commit[],
    { timeoutMs, patient, sure }: Patience,
  ): Promise<readonly Verdict[]> {
    if (this.knows(generation, commits)) return keys.map(() => 'met');
    const joined: Waiting[] = [];
    const verdicts = keys.map(
      (key) =>
        new Promise<Verdict>((end, fail) => {
          joined.push({ awaited: { generation, key, commits, mark: null }, patient, isLast: false, state: null, end, fail });
        }),
    );
    for (const one of joined) this.#waiting.add(one);
    const timer = setTimeout(() => {
      for (const one of joined) {
        if (one.state === null && sure) one.isLast = true;
        else one.end(one.state === 'open' ? 'open' : 'late');
      }
    }, timeoutMs);
    this.#arrived++;
    if (this.#isLooking) this.#wake();
    else void this.#run();
    try {
      return await Promise.all(verdicts);
    } finally {
      clearTimeout(timer);
      for (const one of joined) this.#leave(one);
    }
  }

  async #run(): Promise<void> {
    this.#isLooking = true;
    let pause: number = pauseMs.first;
    while (this.#waiting.size > 0) {
      const arrived = this.#arrived;
      await this.#lookFor([...this.#waiting].slice(0, mostAtOnce));
      const isAlone = arrived === this.#arrived && this.#waiting.size <= mostAtOnce;
      if (!isAlone || (await this.#sleep(pause))) pause = pauseMs.first;
      else pause = Math.min(pause * pauseMs.growth, pauseMs.last);
    }
    this.#isLooking = false;
  }

  async #lookFor(asked: readonly Waiting[]): Promise<void> {
    const generations = [...new Set(asked.map(({ awaited }) => awaited.generation))];
    const questions = [...asked.map(({ awaited }) => awaited), ...this.#met.questions(generations)];
    const look = await this.#look(questions).catch((error: unknown) => {
      for (const one of asked) if (this.#leave(one)) one.fail(error);
    });
    if (!look) return;
    this.#met.learn(generations, look, asked.length);
    for (const [index, one] of asked.entries()) {
      // It may have left while the look was under way.
      if (!this.#leave(one)) continue;
      try {
        if (!judged(one, look, index)) this.#waiting.add(one);
      } catch (error) {
        one.fail(error);
      }
    }
  }

  #leave(one: Waiting): boolean {
    return this.#waiting.delete(one);
  }

  /** Returns whether somebody came meanwhile. Not at all while nobody waits. */
  #sleep(ms: number): Promise<boolean> {
    if (this.#waiting.size === 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

/** Ends the wait of one that a look says enough about. Throws E_TOKEN: an id means nothing on another timeline, whatever was made of it. */
function judged(one: Waiting, { epoch, mark, found }: TokenLook, index: number): boolean {
  for (const commit of one.awaited.commits) checkEpoch(commit, epoch);
  const { state, delivered } = found[index] ?? { state: 'behind', delivered: false };
  one.state = state;
  if (delivered && one.awaited.mark === null) one.awaited = { ...one.awaited, mark };
  if (state === 'met' || state === 'apart') one.end(state);
  else if (one.isLast) one.end(state === 'open' ? 'open' : 'late');
  else if (!one.patient && state !== 'open') one.end('late');
  else return false;
  return true;
}
