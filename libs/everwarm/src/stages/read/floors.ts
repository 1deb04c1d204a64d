import { formatVersion, type Version } from '#contracts/version.ts';

/** How many keys, and how many partitions, floors are remembered for. What is in flight at a time is far less, but in a backlog. */
const most = 20_000;

/** A key whose floor is not known: Postgres says, and nobody else. */
export const unknownFloor: Version = '9999-9999999999999999999';

/** Entries of one partition that Redis may have older than they were shown: by item key, the version, and the member or null when it was gone. */
export type PartitionFloor = {
  /** Null when they are too many to be known: Postgres answers until they are fewer. */
  readonly entries: ReadonlyMap<string, { readonly version: Version; readonly member: Buffer | null }> | null;
  /** Of a counted list: no count with a lower ticket. */
  readonly ticket: string | null;
  /** Entries were read from the sources: a transaction from after that. Until the stores have all that committed before it, the sources answer. */
  readonly shown?: bigint;
};

/**
 * What this process has given away that Redis may have older: nothing below it is given away again.
 *
 * A worker writes Postgres, then Redis, then takes the key out of the ledger. So while the copy is whole, Redis can be older than
 * Postgres only at keys that the ledger owes (or did, until a failing key was set apart), and Postgres says in the same statement whether it owes the one that is read. Only
 * those get a floor: the version that was shown, or, of what was derived from the sources just now, the next number that any
 * recompute can draw, since whoever drew an earlier one may have looked at the sources earlier. An answer at the floor or above
 * ends it. A list's page is its members in their order: its floor are the versions of those entries of its partition that were
 * owed, gone and moved ones included, since an entry that comes back, or is where it was, is what going backward means here.
 *
 * More floors than are remembered, and the process is `overflown`: it trusts nothing until the keys that the ledger owes at some
 * later time have taken their place (`relearn.ts`).
 */
export class Floors {
  readonly #documents = new Map<string, Version>();
  readonly #partitions = new Map<string, PartitionFloor>();
  readonly #tell: () => void;
  #overflown = false;
  #overflows = 0;
  #ahead = false;
  #blind = false;

  /** `tell` is called when there are too many. */
  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** Whether there are none at all: the one question that every read asks. */
  get none(): boolean {
    return this.#documents.size === 0 && this.#partitions.size === 0;
  }

  get overflown(): boolean {
    return this.#overflown;
  }

  /** Whether something was shown that no store may have, and nobody knows of what: until then the sources answer. */
  get blind(): boolean {
    return this.#blind;
  }

  /** The lowest version of this key that may be given away; null: any. */
  of(generation: number, key: string): Version | null {
    return this.#documents.get(`${generation}:${key}`) ?? null;
  }

  /** Nothing below this version. Never lowers a floor. `ahead` where what was shown is in no store. */
  raise(generation: number, key: string, version: Version, ahead = false): void {
    const name = `${generation}:${key}`;
    if (ahead) this.#ahead = true;
    const held = this.#documents.get(name);
    if (held === undefined && this.#documents.size >= most) this.#overflow();
    else if (held === undefined || held === unknownFloor || held < version) this.#documents.set(name, version);
  }

  /** The sources just said that what is stored under this version is what they give now: that is the floor, if it still is the one that was `seen`. */
  settle(generation: number, key: string, seen: Version | null, version: Version): void {
    if (seen !== null && this.of(generation, key) === seen) this.#documents.set(`${generation}:${key}`, version);
  }

  /** Redis is known to have what was shown. */
  drop(generation: number, key: string): void {
    this.#documents.delete(`${generation}:${key}`);
  }

  /** The floor of a partition; null: none. */
  ofPartition(generation: number, partition: string): PartitionFloor | null {
    return this.#partitions.get(`${generation}:${partition}`) ?? null;
  }

  /** Sets what the newest page from Postgres asks of Redis, or nothing. */
  setPartition(generation: number, partition: string, floor: PartitionFloor | null): void {
    const name = `${generation}:${partition}`;
    if (floor?.shown !== undefined) this.#ahead = true;
    if (floor === null) this.#partitions.delete(name);
    else if (this.#partitions.size >= most && !this.#partitions.has(name)) this.#overflow();
    else this.#partitions.set(name, floor);
  }

  /** Forgets all floors; whoever does so knows why nothing can fall below them, or sets them anew. */
  forget(): void {
    this.#documents.clear();
    this.#partitions.clear();
    this.#ahead = false;
  }

  /** After an overflow, once everything that the ledger owed after `clear` has a floor. Returns whether there was no other one meanwhile. */
  recovered(overflows: number): boolean {
    if (overflows !== this.#overflows) return false;
    this.#overflown = false;
    this.#blind = false;
    return true;
  }

  /** How many overflows there were. */
  get overflows(): number {
    return this.#overflows;
  }

  #overflow(): void {
    this.#blind ||= this.#ahead;
    this.forget();
    this.#overflown = true;
    this.#overflows++;
    this.#tell();
  }
}

/** The floor under what was derived from the sources when the last number drawn was this one. */
export function floorAbove(epoch: string, drawn: bigint): Version {
  return formatVersion(Number.parseInt(epoch, 10) || 0, drawn + 1n);
}
