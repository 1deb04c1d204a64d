import type { Violation } from './types.ts';

/** A subject's commits that were heard of, and as of when each of its stamps was last shown; the latest of both. */
type Chapter = { readonly heard: { stamp: number; at: number }[]; readonly shown: Map<number, number>; highest: number };

/** How much of a subject is remembered. Forgetting finds less, and accuses nobody wrongly. */
const kept = 256;

/** A commit was heard and a moment rounded to the millisecond, each upwards at most. */
const roundingMs = 2;

/**
 * The commits that writers heard of, held against what documents say of themselves. A document's moment promises that all that
 * was committed before it is in it (law 10: a lag that is told too small). Both sides may come in any order.
 */
export class CommitHistory {
  readonly #chapters = new Map<string, Chapter>();
  readonly #accuse: (violation: Violation) => void;

  constructor(accuse: (violation: Violation) => void) {
    this.#accuse = accuse;
  }

  /** A commit of the subject's change with this number was acknowledged by then. */
  committed(subject: string, stamp: number, at: number): void {
    const chapter = this.#chapter(subject);
    const { heard, shown } = chapter;
    heard.push({ stamp, at });
    if (heard.length > kept) heard.shift();
    chapter.highest = Math.max(chapter.highest, stamp);
    for (const [older, asOf] of shown) if (older < stamp) this.#compare(subject, older, asOf, { stamp, at });
  }

  /** A document that says that it is as of a moment shows the subject as of its change with this number. */
  claimed(subject: string, stamp: number, asOf: number): void {
    const { heard, shown } = this.#chapter(subject);
    const known = shown.get(stamp);
    if (known !== undefined && known >= asOf) return;
    shown.delete(stamp);
    shown.set(stamp, asOf);
    const [oldest] = shown.size > kept ? shown.keys() : [];
    if (oldest !== undefined) shown.delete(oldest);
    for (const commit of heard) if (commit.stamp > stamp) this.#compare(subject, stamp, asOf, commit);
  }

  /** The number of the subject's last change that was heard of; 0 for none. */
  last(subject: string): number {
    return this.#chapters.get(subject)?.highest ?? 0;
  }

  /** When the oldest change after this one was heard of, among those that are remembered; null where none is. */
  oldestAfter(subject: string, stamp: number): number | null {
    const later = (this.#chapters.get(subject)?.heard ?? []).filter((commit) => commit.stamp > stamp);
    return later.length === 0 ? null : Math.min(...later.map(({ at }) => at));
  }

  /** All subjects of which a commit was heard. */
  subjects(): string[] {
    return [...this.#chapters].filter(([, { highest }]) => highest > 0).map(([subject]) => subject);
  }

  /** Forgets everything: what was committed may be lost with the tail of a server. */
  forget(): void {
    this.#chapters.clear();
  }

  #chapter(subject: string): Chapter {
    const known = this.#chapters.get(subject);
    if (known) return known;
    const made: Chapter = { heard: [], shown: new Map(), highest: 0 };
    this.#chapters.set(subject, made);
    return made;
  }

  #compare(subject: string, shown: number, asOf: number, { stamp, at }: { readonly stamp: number; readonly at: number }): void {
    if (asOf <= at + roundingMs) return;
    this.#accuse({
      law: 10,
      detail: `a document as of ${asOf} shows ${subject} as of change ${shown}; change ${stamp} was committed ${asOf - at} ms before that`,
    });
  }
}
