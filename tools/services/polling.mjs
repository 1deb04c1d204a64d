import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks until the answer is not undefined, every few milliseconds: a server process has no other way to say that it is ready or gone.
 * @template T
 * @param {() => T | undefined | Promise<T | undefined>} ask
 * @param {{ timeoutMs: number, everyMs?: number }} limits
 * @returns {Promise<T | undefined>} undefined when time ran out
 */
export async function pollUntil(ask, { timeoutMs, everyMs = 5 }) {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || performance.now() >= end) return answer;
    await delay(everyMs);
  }
}
