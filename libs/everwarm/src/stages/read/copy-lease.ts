import type { Redis } from 'ioredis';
import { type KeySpace, presenceKey } from '#contracts/names.ts';
import { type CopyLook, serverIdentity, trustMs } from '#contracts/redis-copy.ts';

/** What reading asks of whoever watches the copy in Redis. All of it is answered at once: reads wait for nothing. */
export interface CopyView {
  /** Where Redis keeps this database's documents; follows the epoch. */
  readonly space: KeySpace;
  /** Whether what Redis says at this moment may be given away. Asked before Redis is, and again when it has answered. `now` as `performance.now()` says. */
  trusted(now?: number): boolean;
  /** Whether Postgres has said lately what it knows of the copy. While it has not, Postgres may be ahead of Redis anywhere. */
  informed(): boolean;
  /** Redis failed a read: nobody else is to wait for it. */
  distrust(): void;
}

/**
 * What the lease stands on. `look` asks Postgres; `moved` is told that all keys are in another place now, `lapsed` that there is no
 * trust, or was none for a while before that which begins now; `ready` says, when nothing else is in the way of trust, whether what was shown
 * before is remembered.
 */
export type LeaseParts = {
  readonly redis: Redis;
  readonly namespace: string;
  readonly look: () => Promise<CopyLook>;
  readonly moved: () => void;
  readonly lapsed: () => void;
  readonly ready: () => Promise<boolean>;
};

/** How often the copy is looked at while it is trusted, and while it is not; and how long Postgres may take to answer. */
const everyMs = 1000;
const soonMs = 200;
const lookMs = 1000;

/**
 * Decides from one moment to the next whether this process may answer from Redis. Two states, and the time:
 *
 *   untrusted ── a look finds the copy whole, its mark in place, on the server where it was whole ──► trusted for `trustMs`
 *   trusted   ── another such look: for `trustMs` from when that look began ──► trusted
 *   trusted   ── a look that finds otherwise; a read that Redis fails; the connection ends; the time runs out ──► untrusted
 *
 * Why readers in other processes, and one that was restarted, are never shown something older than what anybody was told from
 * Postgres and will not be told again by Redis: a key leaves the ledger when both stores have it, or, while the copy is `behind`, when
 * Postgres has it and it is noted as owed to Redis. The second happens only later than `trustMs` after the copy became `behind`, and
 * no look that begins after that gives trust, in no process, until all that is owed was paid. Redis is asked before and after each
 * answer whether it may be believed *now*, so an answer that a frozen process finds when it wakes is not given away.
 * What is still in the ledger may be newer in Postgres than in Redis for some moments; one process remembers that by its
 * floors (`floors.ts`). A client that goes from one process to another within these moments is not protected by either.
 *
 * Which server answers is asked together with the mark, on the connection of the reads: a server that was started again, or a
 * replica that was promoted, may lack what the one before had taken, mark or no mark. A connection that ends ends the trust, before
 * anything can be asked on the next one. Sentinel ends connections when it makes a replica of a primary.
 *
 * While Postgres does not answer, what it said last is held to be so: better documents of Redis that no one can say to be
 * behind than none. Marks and servers are compared all the same.
 */
export class CopyLease implements CopyView {
  readonly #parts: LeaseParts;
  #space: KeySpace;
  #known: CopyLook | null = null;
  #trustedUntil = Number.NEGATIVE_INFINITY;
  #informedUntil = Number.NEGATIVE_INFINITY;
  #faults = 0;
  #timer: NodeJS.Timeout | null = null;
  #soon = false;
  #looking: Promise<void> | null = null;
  #running = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    this.#space = { namespace: parts.namespace, epoch: '' };
  }

  get space(): KeySpace {
    return this.#space;
  }

  trusted(now: number = performance.now()): boolean {
    return now < this.#trustedUntil;
  }

  /** The server that is trusted now, as `serverIdentity` tells it; null while none is. */
  get server(): string | null {
    return this.trusted() ? (this.#known?.server ?? null) : null;
  }

  informed(): boolean {
    return performance.now() < this.#informedUntil;
  }

  readonly distrust = (): void => {
    this.#faults++;
    this.#trustedUntil = Number.NEGATIVE_INFINITY;
    this.#parts.lapsed();
    if (!this.#soon) this.#schedule(soonMs);
  };

  /** Looks for the first time, and then again and again. Rejects when Postgres does not answer the first look. May be called again. */
  async start(): Promise<void> {
    this.#known = await this.#parts.look();
    if (this.#running) return;
    this.#running = true;
    this.#parts.redis.on('close', this.distrust);
    await this.look();
  }

  /** Looks now, or waits for the look under way. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
      this.#schedule(this.trusted() ? everyMs : soonMs);
    });
    return this.#looking;
  }

  /** Ends it: untrusted for ever. May be called twice and before `start`. */
  stop(): void {
    this.#running = false;
    this.#parts.redis.off('close', this.distrust);
    if (this.#timer) clearTimeout(this.#timer);
    this.#trustedUntil = Number.NEGATIVE_INFINITY;
    this.#faults++;
  }

  #schedule(inMs: number): void {
    if (!this.#running) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#soon = inMs === soonMs;
    this.#timer = setTimeout(() => void this.look(), inMs).unref();
  }

  async #look(): Promise<void> {
    // Both from before anything is asked: what changes while the answers are on their way was not seen by them.
    const [began, faults] = [performance.now(), this.#faults];
    const told = await answered(this.#parts.look(), lookMs);
    if (told) {
      this.#known = told;
      this.#informedUntil = began + trustMs;
    }
    const { epoch = null } = this.#known ?? {};
    if (epoch !== null && epoch !== this.#space.epoch) this.#move(epoch);
    const isWhole = epoch !== null && (await this.#isWhole()) && (await this.#parts.ready().catch(() => false));
    if (faults !== this.#faults) return;
    const lapsed = !isWhole || !this.trusted();
    this.#trustedUntil = isWhole ? began + trustMs : Number.NEGATIVE_INFINITY;
    if (lapsed) this.#parts.lapsed();
  }

  #move(epoch: string): void {
    this.#trustedUntil = Number.NEGATIVE_INFINITY;
    this.#space = { ...this.#space, epoch };
    this.#parts.moved();
  }

  async #isWhole(): Promise<boolean> {
    const known = this.#known;
    if (known?.state !== 'whole') return false;
    const replies = await this.#parts.redis
      .pipeline()
      .get(presenceKey(this.#space))
      .info('server')
      .info('replication')
      .exec()
      .catch(() => null);
    if (!replies || replies.some(([error]) => error)) return false;
    const [mark, server, replication] = replies.map(([, reply]) => String(reply));
    return mark === known.token && serverIdentity(`${server}\n${replication}`) === known.server;
  }
}

/** What a promise gives within a time, else null. */
function answered<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), ms);
    promise.then(resolve, () => resolve(null)).finally(() => clearTimeout(timer));
  });
}
