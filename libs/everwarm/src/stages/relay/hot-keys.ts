import type { OwedKey } from './owe.ts';

/**
 * A key is enqueued at once so many times in a row, and so many times a second for ever: far more than people write by hand. Beyond
 * that it waits until so many changes came, or so long, in milliseconds: 10,000 changes of one key are fewer than 500
 * recomputes from 55 changes a second on, and no document is older for it than 0.4 seconds.
 */
const pace = { burst: 8, perSecond: 2.5, changes: 25, waitMs: 400, leastMs: 20 } as const;

type Warmth = { tokens: number; at: number; last: number; changes: number };

/**
 * Keys that change faster than recomputing them each time is worth, and those whose documents are written already, by the transactions that
 * changed them: they wait too, and are recomputed together. What waits is owed in the ledger like anything else and
 * counts as enqueued there, so what is lost here is made up when its lease runs out. Only keys that changed within the last
 * seconds are remembered. Times are those of one monotonic clock, in milliseconds.
 */
export class HotKeys {
  readonly #warmth = new Map<string, Warmth>();
  readonly #waiting = new Map<string, { readonly key: OwedKey; readonly due: number }>();

  /** Those of the keys just owed that should be enqueued now; the others wait. */
  ready(keys: readonly OwedKey[], now: number): OwedKey[] {
    this.#forget(now);
    return keys.filter((key) => this.#isReady(key, now));
  }

  /** Those that waited long enough, and wait no more. */
  due(now: number): OwedKey[] {
    const ready: OwedKey[] = [];
    for (const [id, { key, due }] of this.#waiting) {
      if (due > now) break;
      this.#release(id, now);
      ready.push(key);
    }
    return ready;
  }

  #isReady(key: OwedKey, now: number): boolean {
    const id = `${key.generation} ${key.key}`;
    const known = this.#warmth.get(id) ?? { tokens: pace.burst, at: now, last: 0, changes: 0 };
    const tokens = Math.min(pace.burst, known.tokens + ((now - known.at) / 1000) * pace.perSecond);
    const warmth = { ...known, tokens, at: now, changes: known.changes + 1 };
    // The one that changed last stands last.
    this.#warmth.delete(id);
    this.#warmth.set(id, warmth);
    const waiting = this.#waiting.get(id);
    if (key.isInlined) {
      if (!waiting) this.#waiting.set(id, { key, due: now + pace.waitMs });
      return false;
    }
    const isWaiting = waiting !== undefined && !waiting.key.isInlined;
    if (isWaiting ? warmth.changes >= pace.changes && now - warmth.last >= pace.leastMs : tokens >= 1) {
      this.#release(id, now);
      return true;
    }
    // One that waited for what is written already waits on from there: those that wait are in the order of their times.
    if (!isWaiting) this.#waiting.set(id, { key, due: waiting?.due ?? now + pace.waitMs });
    return false;
  }

  #release(id: string, now: number): void {
    this.#waiting.delete(id);
    const warmth = this.#warmth.get(id);
    if (!warmth) return;
    warmth.tokens = Math.max(0, warmth.tokens - 1);
    warmth.last = now;
    warmth.changes = 0;
  }

  /** A key that did not change for so long that it may be enqueued as often as any is like any. */
  #forget(now: number): void {
    for (const [id, { at }] of this.#warmth) {
      if (now - at < (pace.burst / pace.perSecond) * 1000) break;
      this.#warmth.delete(id);
    }
  }
}
