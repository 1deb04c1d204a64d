import type { Violation } from './types.ts';

/** A document as a client was given it. What a call does not tell is null: of `getMany` version and moment, of a source the version. */
export type Answer = { readonly value: unknown; readonly version: string | null; readonly asOf: number | null; readonly tier: string };

/** One thing that a document shows, as of which of its changes: `stamp` goes up with every change, `life` with every re-creation. */
export type Claim = { readonly subject: string; readonly stamp: number; readonly life?: number };

/** What a document says of itself: whose it is (null where it does not say), its claims, and what no committed state of the database ever was. */
export type Inspection = { readonly key: string | null; readonly claims: readonly Claim[]; readonly contradiction: string | null };

/** Reads what a document of this model says of itself. Of a schema that nobody knows that is nothing. */
export type Inspect = (model: string, answer: Answer) => Inspection;

/** What a witness knows of a world. */
export type Testimony = {
  readonly inspect: Inspect;
  /** Whether an entry of this list that left a partition never comes back to it. */
  readonly staysGone: (list: string, key: string) => boolean;
  /** Told of every broken law. */
  readonly accuse: (violation: Violation) => void;
};

/** One page as a client saw it: the items' keys, and whether they are all that the partition had. */
export type SeenPage = { readonly list: string; readonly partition: string; readonly keys: readonly string[]; readonly isWhole: boolean };

type Memory = { version: string | null; isGone: boolean; readonly claims: Map<string, Claim> };
type Roll = { readonly present: Set<string>; readonly gone: Set<string> };

/** How many keys and partitions are remembered; the least recently met are forgotten, and with them only what they could have accused. */
const remembered = 20_000;

/**
 * One client, and all that it was shown: what it sees of a key never goes back (law 3), what was deleted or moved away stays so
 * (law 8), and no document contradicts itself (law 7). Everything is checked at once and nothing is kept but the floors.
 */
export class Witness {
  readonly #testimony: Testimony;
  readonly #keys = new Map<string, Memory>();
  readonly #rolls = new Map<string, Roll>();

  constructor(testimony: Testimony) {
    this.#testimony = testimony;
  }

  /** An answer to a question for one key, null for none. Returns what the document claims. */
  sawDocument(model: string, key: string, answer: Answer | null): readonly Claim[] {
    if (answer !== null) return this.#judge(model, key, answer, this.#testimony.inspect(model, answer));
    this.#memory(model, key).isGone = true;
    return [];
  }

  /** What a document claims, without holding anything against it. */
  claimsOf(model: string, answer: Answer): readonly Claim[] {
    return this.#testimony.inspect(model, answer).claims;
  }

  /** A document on a page, which nobody named. Returns its key, where it says it, and its claims. */
  sawItem(model: string, answer: Answer): Pick<Inspection, 'key' | 'claims'> {
    const inspection = this.#testimony.inspect(model, answer);
    if (inspection.key !== null) this.#judge(model, inspection.key, answer, inspection);
    return inspection;
  }

  /** A page. */
  sawPage({ list, partition, keys, isWhole }: SeenPage): void {
    const { staysGone } = this.#testimony;
    const here = new Set(keys);
    if (here.size < keys.length) this.#accuse(6, `${list} ${partition}: an entry stands twice on one page: ${keys.join(', ')}`);
    const roll = met(this.#rolls, `${list} ${partition}`, () => ({ present: new Set<string>(), gone: new Set<string>() }));
    for (const key of here) {
      if (roll.gone.has(key)) {
        this.#accuse(8, `${list} ${partition}: the entry ${key} was gone from it and is back`);
        roll.gone.delete(key);
      }
      if (staysGone(list, key)) roll.present.add(key);
    }
    if (!isWhole) return;
    for (const key of roll.present) {
      if (here.has(key)) continue;
      roll.present.delete(key);
      roll.gone.add(key);
    }
  }

  /** Forgets everything: what was seen may be lost with the tail of a server. */
  forget(): void {
    this.#keys.clear();
    this.#rolls.clear();
  }

  #judge(model: string, key: string, { version, tier }: Answer, { key: own, claims, contradiction }: Inspection): readonly Claim[] {
    const memory = this.#memory(model, key);
    const where = `${model} ${key} from ${tier}`;
    if (own !== null && own !== key) this.#accuse(6, `${where}: is the document of ${own}`);
    if (contradiction !== null) this.#accuse(7, `${where}: ${contradiction}`);
    this.#checkVersion(memory, version, where);
    for (const claim of claims) this.#checkClaim(memory, claim, where);
    memory.isGone = false;
    return claims;
  }

  #checkVersion(memory: Memory, version: string | null, where: string): void {
    // What was derived just now has no version, and what is read next may be older than it by version alone.
    if (version === null) return;
    const { version: floor, isGone } = memory;
    if (floor !== null && version < floor) this.#accuse(3, `${where}: version ${version} after ${floor}`);
    if (floor !== null && version === floor && isGone) this.#accuse(8, `${where}: the deleted document is back with version ${version}`);
    memory.version = floor === null || version > floor ? version : floor;
  }

  #checkClaim(memory: Memory, claim: Claim, where: string): void {
    const { subject, stamp, life } = claim;
    const floor = memory.claims.get(subject);
    if (floor && stamp < floor.stamp) this.#accuse(3, `${where}: shows ${subject} as of ${stamp} after ${floor.stamp}`);
    if (memory.isGone && floor?.life !== undefined && life !== undefined && life <= floor.life)
      this.#accuse(8, `${where}: ${subject} was deleted in its life ${floor.life} and is back in life ${life}`);
    if (!floor || stamp >= floor.stamp) memory.claims.set(subject, claim);
  }

  #memory(model: string, key: string): Memory {
    return met(this.#keys, `${model} ${key}`, () => ({ version: null, isGone: false, claims: new Map() }));
  }

  #accuse(law: number, detail: string): void {
    this.#testimony.accuse({ law, detail });
  }
}

/** The value under a name, moved to the end of what will be forgotten. */
function met<Value>(map: Map<string, Value>, name: string, make: () => Value): Value {
  const value = map.get(name) ?? make();
  map.delete(name);
  map.set(name, value);
  const [oldest] = map.size > remembered ? map.keys() : [];
  if (oldest !== undefined) map.delete(oldest);
  return value;
}
