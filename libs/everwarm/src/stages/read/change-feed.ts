import type { Redis } from 'ioredis';
import { serverIdentity } from '#contracts/redis-copy.ts';
import { type Version, versionLength } from '#contracts/version.ts';

/** What a feed stands on, and whom it tells. */
export type FeedParts = {
  /** Makes a connection for nothing else, not yet connected. It goes on trying by itself when it ends. */
  readonly connect: () => Redis;
  /** The channel on which changes are told; asked for at each connection. */
  readonly channel: () => string;
  /** The server whose answers are believed now, as `serverIdentity` tells it; null while none is. */
  readonly believed: () => string | null;
  /** A document was written: of which key (`<generation>:<key>`), and under which version. */
  readonly heard: (name: string, version: Version) => void;
  /** Changes may have been missed, or may be from now on. Told before any that come afterwards. */
  readonly dropped: () => void;
  /** From now on each change is told. What happened before is to be looked up. */
  readonly joined: () => void;
};

/** How often it is asked whether the other end still answers; the connection itself gives up an answer that takes a second. */
const beatMs = 1000;

/** For how long a pong is worth something, from when its ping was sent. */
const heardMs = 2 * beatMs;

/**
 * One subscription of a process to what is written to Redis. Messages say which key and which version, never what.
 *
 *   idle ── start ──► connecting ── subscribed, and a pong ──► heard ── the connection ends; a pong is late; another server is
 *                       ▲                                       │       believed; nobody asked for two seconds ──► dropped
 *                       └───────────── connects anew ◄──────────┘
 *
 * Messages and pongs come in one order on one connection: a pong says that all that was published before its ping was answered has
 * been told here. So a feed is worth something for two seconds from when the last answered ping was sent, by the clock that also
 * runs while the process is frozen; a connection whose other end went away without a word is believed no longer than that.
 *
 * A pong of a server that is not the one whose answers are believed says nothing: after a failover a subscription may live on at the
 * former primary, where nobody publishes any more. Which server it is, is asked before the subscription, on its connection.
 */
export class ChangeFeed {
  readonly #parts: FeedParts;
  #redis: Redis | null = null;
  #server: string | null = null;
  #heardUntil = Number.NEGATIVE_INFINITY;
  #isJoined = false;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Whether each change is told here. `now` as `performance.now()` says. */
  isHeard(now: number = performance.now()): boolean {
    return now < this.#heardUntil;
  }

  /** Opens the subscription and keeps it open. May be called again, and does nothing after `stop`. */
  start(): void {
    if (this.#redis || this.#stopped) return;
    const redis = this.#parts.connect();
    this.#redis = redis;
    redis.on('ready', () => void this.#subscribe(redis));
    redis.on('close', () => this.#drop());
    redis.on('message', (_channel: string, message: string) => {
      this.#parts.heard(message.slice(versionLength + 1), message.slice(0, versionLength));
    });
    redis.connect().catch(() => undefined);
  }

  /** What was believed is not any more, or is again: nothing counts as heard until a pong says so, which is asked for at once. */
  doubt(): void {
    this.#lapse();
    if (this.#parts.believed() !== null) void this.beat();
  }

  /** All keys are in another place now: subscribes there. */
  move(): void {
    this.#drop();
    this.#redis?.disconnect(true);
  }

  /** Resolves when all that was published before the call has been told, if there is a subscription. Never rejects. */
  async beat(): Promise<void> {
    const [redis, server, sentAt] = [this.#redis, this.#server, performance.now()];
    if (!redis || server === null) return;
    this.#later(() => void this.beat());
    try {
      await redis.ping();
    } catch {
      if (server !== this.#server) return;
      this.#drop();
      redis.disconnect(true);
      return;
    }
    if (server !== this.#server) return;
    const believed = this.#parts.believed();
    if (believed === server) this.#hear(sentAt);
    else if (believed !== null) {
      this.#drop();
      this.#later(() => redis.disconnect(true));
    }
  }

  /** Ends it for ever. May be called twice and before `start`. */
  stop(): void {
    this.#stopped = true;
    this.#drop();
    this.#redis?.disconnect();
  }

  async #subscribe(redis: Redis): Promise<void> {
    try {
      const info = await Promise.all([redis.info('server'), redis.info('replication')]);
      await redis.subscribe(this.#parts.channel());
      if (redis.status !== 'ready' || this.#stopped) return;
      this.#server = serverIdentity(info.join('\n'));
      await this.beat();
    } catch {
      // A connection that ended comes back by itself. Any other is made anew: to one that took the channel after the time for its
      // answer was over, no more can be said than that.
      this.#later(() => redis.status === 'ready' && redis.disconnect(true));
    }
  }

  #hear(sentAt: number): void {
    // Between two spans of hearing lies one of which nobody knows.
    if (!this.isHeard()) this.#lapse();
    this.#heardUntil = Math.max(this.#heardUntil, sentAt + heardMs);
    if (this.#isJoined || !this.isHeard()) return;
    this.#isJoined = true;
    this.#parts.joined();
  }

  #lapse(): void {
    this.#heardUntil = Number.NEGATIVE_INFINITY;
    this.#isJoined = false;
    this.#parts.dropped();
  }

  #drop(): void {
    this.#server = null;
    if (this.#timer) clearTimeout(this.#timer);
    this.#lapse();
  }

  #later(next: () => unknown): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(next, beatMs).unref();
  }
}
