import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Generation } from '#contracts/compiled.ts';
import { lastsMs } from '#contracts/lazy.ts';
import { documentKey, leaseKey } from '#contracts/names.ts';
import { decodeStored, encodeHeader, type StoredDocument, unwrittenVersion } from '#contracts/version.ts';
import type { CopyView } from './copy-lease.ts';
import type { Floors } from './floors.ts';
import { isSpent } from './lazy-reads.ts';
import { withLeaseCommands } from './lease-scripts.ts';
import { OwnAnswers } from './own-answers.ts';
import type { RawDocument } from './read-parts.ts';

/** How long the lease is for one process alone, how long others may take over what it learned, and how long a key is known to be absent. */
const leaseMs = 2000;
const loanMs = 1000;
const absentSeconds = 30;

/** How soon a reader who waits for another one looks again, at first and at last, in milliseconds. */
const pause = { firstMs: 2, growth: 1.5, lastMs: 20 } as const;

/** For how long Redis is not asked for leases when it refused one, in milliseconds: this role may not write, or nobody may at this time. */
const refusedMs = 10_000;

/** What leases stand on; `onWait` is told of each question that waits for another process. */
export type SourceLeaseParts = {
  readonly redis: Redis;
  readonly view: CopyView;
  readonly floors: Floors;
  readonly onWait?: (generation: Generation) => void;
};

/**
 * One question to the sources at a time for each key that no store has, over all processes: who takes the lease asks, the others wait
 * and take over what it learned, also those who come a moment later. What no row stands for is known to be absent for half a minute,
 * or until a write replaces that at once. None of this is more than a courtesy: where Redis is not trusted, refuses, or is slow, and
 * where the holder of a lease dies, each process asks for itself, once for all of its readers.
 *
 * Leases of a key follow each other, so what a later one leaves is newer. What this process learned without a lease is remembered by
 * {@link OwnAnswers}, what it was shown from the stores by {@link Floors}: neither is taken back by a loan.
 */
export class SourceLease {
  /** What was learned without a lease. Asked before an absence is believed. */
  readonly own = new OwnAnswers(absentSeconds * 1000 + leaseMs + loanMs);
  readonly #parts: SourceLeaseParts;
  readonly #redis: ReturnType<typeof withLeaseCommands>;
  readonly #alone = new Set<string>();
  #refusedUntil = Number.NEGATIVE_INFINITY;

  constructor(parts: SourceLeaseParts) {
    this.#parts = parts;
    this.#redis = withLeaseCommands(parts.redis);
  }

  /** What the sources say of a key: by `derive`, or as another process learned it just now. Rejects as `derive` does. */
  async ask(generation: Generation, key: string, derive: () => Promise<RawDocument | null>): Promise<RawDocument | null> {
    const { view } = this.#parts;
    const deadline = performance.now() + leaseMs;
    const token = `L${randomUUID()}`;
    let waited = false;
    for (let wait: number = pause.firstMs; ; wait = Math.min(wait * pause.growth, pause.lastMs)) {
      if (!view.trusted() || performance.now() < this.#refusedUntil) return derive();
      const { space } = view;
      const name = leaseKey(space, generation.id, key);
      const borrows = this.#mayBorrow(generation, key, waited) ? '1' : '0';
      const held = await this.#redis
        .everwarmTakeLeaseBuffer(name, token, String(leaseMs), borrows)
        .catch((error: unknown) => this.#refused(error));
      if (held === null) return derive();
      if (held[0] !== 0x4c) {
        // Asked again: something newer may have been shown while this was on its way.
        const loan = decodeStored(held);
        if (view.trusted() && this.#mayBorrow(generation, key, true) && !isSpent(generation, loan)) return borrowed(loan);
      } else if (held.toString('latin1') === token)
        return this.#lend(generation, key, { name, document: documentKey(space, generation.id, key), token }, derive);
      if (performance.now() > deadline) return derive();
      if (!waited) this.#parts.onWait?.(generation);
      waited = true;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /** Does some work on a key under its lease, unless somebody has it, or this process is at it already. Never rejects. */
  async alone({ id }: Generation, key: string, work: () => Promise<unknown>): Promise<void> {
    const { view } = this.#parts;
    const { space } = view;
    const name = leaseKey(space, id, key);
    if (!view.trusted() || performance.now() < this.#refusedUntil || this.#alone.has(name)) return;
    this.#alone.add(name);
    const token = `L${randomUUID()}`;
    try {
      const held = await this.#redis.everwarmTakeLeaseBuffer(name, token, String(leaseMs), '0');
      if (held.toString('latin1') !== token) return;
      await work();
      await this.#redis.everwarmEndLease(name, documentKey(space, id, key), token, '', '0', '', '0');
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#alone.delete(name);
    }
  }

  /** While a generation is built the sources are asked by everybody who comes, and only those who come together share an answer. */
  #mayBorrow({ id, state }: Generation, key: string, waited: boolean): boolean {
    const { floors } = this.#parts;
    return (waited || state !== 'building') && floors.of(id, key) === null && !this.own.refusesLoan(id, key);
  }

  async #lend(
    { id, state, lifecycle }: Generation,
    key: string,
    lease: { readonly name: string; readonly document: string; readonly token: string },
    derive: () => Promise<RawDocument | null>,
  ): Promise<RawDocument | null> {
    const end = (loan: Buffer | string, absent: string) =>
      this.#redis
        .everwarmEndLease(
          lease.name,
          lease.document,
          lease.token,
          loan,
          String(Math.min(loanMs, Math.max(1, Math.ceil(lastsMs(lifecycle))))),
          absent,
          String(absentSeconds),
        )
        .catch((error: unknown) => void this.#refused(error));
    let document: RawDocument | null;
    try {
      document = await derive();
    } catch (error) {
      // The next one tries for itself.
      await end('', '');
      throw error;
    }
    const absence = encodeHeader(unwrittenVersion, 0, true);
    // Nobody reads from Redis what is being built.
    const ended = await end(document ? lent(document) : absence, document === null && state !== 'building' ? absence : '');
    if (ended === 1) this.own.forget(id, key);
    return document;
  }

  /** Redis did not do it. Only what it says itself keeps the next ones from asking: a connection that is lost is told elsewhere. */
  #refused(error: unknown): null {
    if (error instanceof Error && error.name === 'ReplyError') this.#refusedUntil = performance.now() + refusedMs;
    return null;
  }
}

function lent({ body, version, asOf }: RawDocument): Buffer {
  return Buffer.concat([Buffer.from(encodeHeader(version ?? unwrittenVersion, asOf, false)), body]);
}

function borrowed({ body, version, asOf }: StoredDocument): RawDocument | null {
  return body && { body, version: version === unwrittenVersion ? null : version, asOf, tier: 'source', pending: null };
}
