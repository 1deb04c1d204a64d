import { setTimeout as delay } from 'node:timers/promises';

/** Options of `waitFor`. */
export type WaitOptions = {
  /** What is waited for, to complete the sentence "waited for …". */
  readonly what: string;
  /** Default 30 s: a machine that others use may stand still for many seconds. */
  readonly timeoutMs?: number;
};

const POLL_MS = 5;

const patienceMs = 30_000;

/**
 * Waits until a condition holds: the only place in the tests that polls. A condition that throws does not hold yet.
 * @returns the first answer that is neither false nor null nor undefined
 * @throws when time runs out; the message carries the last answer, the cause the last error
 */
export async function waitFor<Answer>(
  condition: () => Answer | Promise<Answer>,
  { what, timeoutMs = patienceMs }: WaitOptions,
): Promise<Exclude<Answer, false | null | undefined>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const { answer, error } = await attempt(condition);
    if (answer !== undefined && answer !== null && answer !== false) return answer as Exclude<Answer, false | null | undefined>;
    if (performance.now() >= end) {
      const last = error instanceof Error ? `it threw ${error.message}` : `it answered ${String(answer)}`;
      throw new Error(`Waited ${timeoutMs} ms for ${what}; at last ${last}.`, { cause: error });
    }
    await delay(POLL_MS);
  }
}

async function attempt<Answer>(condition: () => Answer | Promise<Answer>): Promise<{ answer?: Answer; error?: unknown }> {
  try {
    return { answer: await condition() };
  } catch (error) {
    return { error };
  }
}

/**
 * A moment inside the code under test, made visible: the code calls `fire` (through whatever callback it offers), the test
 * awaits `next` or `count`. Moments that came before anybody waited are kept, in order.
 */
export class TestSignal<Value = void> {
  readonly #name: string;
  readonly #kept: Value[] = [];
  readonly #waiting: ((value: Value) => void)[] = [];

  /** @param name completes the sentence "waited for …" */
  constructor(name: string) {
    this.#name = name;
  }

  /** Reports the moment. An arrow function, so that it can be handed over as a callback. */
  readonly fire = (value: Value): void => {
    const first = this.#waiting.shift();
    if (first) first(value);
    else this.#kept.push(value);
  };

  /** How many moments nobody has taken yet. */
  get pending(): number {
    return this.#kept.length;
  }

  /**
   * Takes the oldest moment not yet taken, or waits for the next one.
   * @throws when none comes in time
   */
  next(timeoutMs = patienceMs): Promise<Value> {
    if (this.#kept.length > 0) return Promise.resolve(this.#kept.shift() as Value);
    return new Promise<Value>((resolve, reject) => {
      const arrived = (value: Value) => {
        clearTimeout(timer);
        resolve(value);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(arrived), 1);
        reject(new Error(`Waited ${timeoutMs} ms for ${this.#name}; it did not happen.`));
      }, timeoutMs);
      this.#waiting.push(arrived);
    });
  }
}
