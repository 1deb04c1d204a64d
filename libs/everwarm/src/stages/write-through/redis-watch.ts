import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import type { KeySpace } from '#contracts/names.ts';
import { type RedisCopy, trustMs } from '#contracts/redis-copy.ts';
import { fallBehind, stayBehind } from './copy-state.ts';
import type { FencedRedis } from './fenced-pipeline.ts';
import { type Probed, probeRedis } from './probe-redis.ts';
import { wordsForTrouble } from './redis-trouble.ts';

/** What a watch works with. */
export type RedisWatchParts = {
  readonly db: Database;
  readonly redis: FencedRedis;
  readonly space: KeySpace;
  readonly readCopy: () => Promise<RedisCopy>;
  /** Whether this process leads: it alone says in Postgres what becomes of the copy. */
  readonly leads: () => boolean;
  /** Told once of every change of the copy's state. */
  readonly onError: (error: unknown, during: string) => void;
};

/** For how long Redis must fail before the copy is behind, in milliseconds: a restart of a connection is nothing. */
const awayAfterMs = 1000;

/** How much longer than readers trust what they saw last a process waits before it runs ahead of Redis, in milliseconds. */
const spareMs = 1000;

/**
 * One process's view of the copy in Redis, refreshed by `look`. Whether Redis answers is each process's own observation; what that
 * means for the copy is the leader's to say, so that one process whose network is cut takes Redis from nobody.
 */
export class RedisWatch {
  readonly #parts: RedisWatchParts;
  #copy: RedisCopy | null = null;
  #seenAt = 0;
  #probed: Probed | null = null;
  #failingSince: number | null = null;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: RedisWatchParts) {
    this.#parts = parts;
  }

  /** The copy as it was last seen, or null before the first look. */
  get copy(): RedisCopy | null {
    return this.#copy;
  }

  /** What Redis said of itself at the last look; null while it does not answer this process or takes no writes. */
  get probed(): Probed | null {
    return this.#probed;
  }

  /**
   * The token under which this process may acknowledge keys that Redis does not have, or null. This process has then known for longer
   * than any reader may trust an older look that the copy is behind: measured here, by a clock that nobody sets.
   */
  get ahead(): string | null {
    const copy = this.#copy;
    return copy?.state === 'behind' && performance.now() - this.#seenAt > trustMs + spareMs ? copy.token : null;
  }

  /** Looks at Redis and at what Postgres says of it; the leader draws the consequences. Rejects when Postgres is away. */
  look(): Promise<void> {
    // One at a time: an older look must not end after a newer one.
    const next = this.#looking.catch(() => undefined).then(() => this.#look());
    this.#looking = next;
    return next;
  }

  async #look(): Promise<void> {
    // Read before Redis is asked: should it become whole, or fall, between the two, its token is another one, and that is refused.
    const copy = await this.#parts.readCopy();
    const failure = await this.#probe();
    this.#see(copy);
    // Failing, and not for long enough to say so.
    if (!this.#parts.leads() || (this.#probed === null && failure === null)) return;
    const trouble = failure ?? (copy.state === 'whole' ? this.#difference(copy) : null);
    if (trouble === null) return;
    if (copy.state === 'behind') {
      await stayBehind(this.#parts.db, copy, trouble);
      return;
    }
    if (await fallBehind(this.#parts.db, copy, trouble)) this.#see(await this.#parts.readCopy());
  }

  /** Why Redis is of no use, once it has been for long enough; null when it answers or may be about to. */
  async #probe(): Promise<string | null> {
    const began = performance.now();
    try {
      this.#probed = await probeRedis(this.#parts.redis, this.#parts.space);
      this.#failingSince = null;
      return null;
    } catch (error) {
      this.#probed = null;
      this.#failingSince ??= began;
      const isRefusal = error instanceof Error && /^(OOM|READONLY|MISCONF)/.test(error.message);
      return isRefusal || performance.now() - this.#failingSince >= awayAfterMs ? wordsForTrouble(error) : null;
    }
  }

  #difference(copy: RedisCopy): string | null {
    if (this.#probed?.mark !== copy.token)
      return this.#probed?.mark
        ? 'It holds the mark of an earlier time: it was restored from an older copy.'
        : 'Its mark is gone: it was emptied.';
    if (this.#probed.server !== copy.server)
      return 'It was started anew, or another server took its place: what was written last may be lost.';
    return null;
  }

  #see(copy: RedisCopy): void {
    const before = this.#copy;
    if (before?.token !== copy.token || before.state !== copy.state) {
      this.#seenAt = performance.now();
      this.#tell(before, copy);
    }
    this.#copy = copy;
  }

  #tell(before: RedisCopy | null, copy: RedisCopy): void {
    // A Redis that never held anything is filled, not missed.
    if (copy.state === 'behind' && copy.mark !== null) {
      this.#parts.onError(
        new EverwarmError(
          'E_REDIS',
          `Redis is behind. ${copy.reason} Reads come from Postgres, where documents go on following writes; nothing is lost, and Redis is given what it lacks when it takes writes.`,
        ),
        'redis',
      );
    }
    if (copy.state === 'whole' && before?.state === 'behind' && before.mark !== null) {
      this.#parts.onError(new EverwarmError('E_REDIS', 'Redis is whole again: it has everything that was written meanwhile.'), 'redis');
    }
  }
}
