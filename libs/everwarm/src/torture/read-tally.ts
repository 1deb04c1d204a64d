import type { ProcessMessage, Violation } from './types.ts';
import type { Answer, Claim } from './witness.ts';

/** What a reader process saw since it last told: by IPC, so plain data. */
export type ReadReport = ProcessMessage & {
  readonly type: 'read';
  readonly reads: number;
  /** Questions that were answered by an error, by its code. */
  readonly failed: Readonly<Record<string, number>>;
  /** Answers by tier. */
  readonly tiers: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  readonly violations: readonly (Violation & { readonly at: number })[];
  /** As of which of its changes each subject was shown, and the latest moment that such a document claimed. */
  readonly claims: readonly (readonly [subject: string, stamp: number, asOf: number])[];
};

/** No more violations than this are told at once; they are counted. */
const told = 50;

/** Adds up what the clients of a process see, until it is told. */
export class ReadTally {
  #reads = 0;
  #slowestMs = 0;
  #failed: Record<string, number> = {};
  #tiers: Record<string, number> = {};
  #violations: (Violation & { at: number })[] = [];
  #claims = new Map<string, readonly [subject: string, stamp: number, asOf: number]>();
  #quietUntil = 0;

  /** An answer that was checked, with what it claimed. */
  saw(answer: Answer | null, claims: readonly Claim[], tookMs: number): void {
    this.#reads++;
    this.#slowestMs = Math.max(this.#slowestMs, tookMs);
    const tier = answer?.tier ?? 'none';
    this.#tiers[tier] = (this.#tiers[tier] ?? 0) + 1;
    this.claimed(answer?.asOf ?? null, claims);
  }

  /** What was claimed by a document as of a moment; nothing is promised without one. */
  claimed(asOf: number | null, claims: readonly Claim[]): void {
    if (asOf === null || performance.now() < this.#quietUntil) return;
    for (const { subject, stamp } of claims) {
      const name = `${subject} ${stamp}`;
      if ((this.#claims.get(name)?.[2] ?? 0) < asOf) this.#claims.set(name, [subject, stamp, asOf]);
    }
  }

  /** A question that was answered by an error. */
  failed(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error).slice(0, 80);
    this.#failed[code] = (this.#failed[code] ?? 0) + 1;
  }

  /** A broken law. What only compares two moments is not believed while what was seen may be lost. */
  accuse(violation: Violation): void {
    if (performance.now() < this.#quietUntil && (violation.law === 3 || violation.law === 8)) return;
    if (this.#violations.length < told) this.#violations.push({ ...violation, at: Date.now() });
  }

  /** Holds no two moments against each other for a while. */
  forget(forMs: number): void {
    this.#quietUntil = performance.now() + forMs;
    this.#claims.clear();
  }

  /** All since the last time. */
  take(): ReadReport {
    const report: ReadReport = {
      type: 'read',
      reads: this.#reads,
      failed: this.#failed,
      tiers: this.#tiers,
      slowestMs: Math.round(this.#slowestMs),
      violations: this.#violations,
      claims: [...this.#claims.values()],
    };
    this.#reads = 0;
    this.#slowestMs = 0;
    this.#failed = {};
    this.#tiers = {};
    this.#violations = [];
    this.#claims = new Map();
    return report;
  }
}
