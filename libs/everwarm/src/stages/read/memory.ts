import { EverwarmError } from '#contracts/errors.ts';
import type { StoredDocument, Version } from '#contracts/version.ts';
import { unknownFloor } from './floors.ts';
import type { RawDocument } from './read-parts.ts';

/** How much a reader keeps in its own process of what Redis said, and for how long. */
export type MemoryOptions = {
  /** What all documents together may take, keys and bookkeeping included; from 64 KiB on. */
  readonly maxBytes: number;
  /** How old a document may be since Redis was asked for it, in milliseconds, whatever is heard or not. Default 30,000. */
  readonly maxAgeMs?: number;
};

/** What is held of one key: `answer` null where there is no document. */
export type Held = { readonly version: Version; readonly evicted: false; readonly answer: RawDocument | null };

/** A question to Redis under way whose answer may be kept; made by `ask`, ended by `settle`. */
export type Asking = { readonly name: string; readonly since: number; readonly heard: Heard };

/** What was heard of a key since the first of those began to ask who still do. */
type Heard = { askers: number; newest: Version };

type Entry = Held & { readonly until: number; readonly bytes: number; used: boolean };

/** About what an entry costs beside the bytes of document and key. */
const entryBytes = 300;

const defaultMaxAgeMs = 30_000;

/** Checks what types cannot. Throws E_CONFIG. */
export function checkMemory({ maxBytes, maxAgeMs = defaultMaxAgeMs }: MemoryOptions): void {
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 64 * 1024)
    throw new EverwarmError('E_CONFIG', `"memory.maxBytes" is ${maxBytes}; it must be a whole number of bytes from 65536 on.`);
  if (!(maxAgeMs > 0 && maxAgeMs <= 86_400_000))
    throw new EverwarmError('E_CONFIG', `"memory.maxAgeMs" is ${maxAgeMs}; it must be more than 0 and at most 86400000, which is a day.`);
}

/**
 * What Redis said lately, kept in this process: documents, and that there is none. By names, `<generation>:<key>`.
 *
 * It gives away only while `isFed` says that each change is heard of (`change-feed.ts`) and Redis may be believed. Two things make
 * that enough. What is heard of a key takes away what is held below that version. And what was asked for before it was heard may
 * arrive after it: whoever asks says so beforehand, and what comes back below the newest version that was heard meanwhile is shown, but
 * not kept. Whoever heard nothing for a while calls `clear`: what was asked for until then is not kept either.
 *
 * The bytes are a copy of their own, since those of the client are slices of whatever else came in the same packet; they are given
 * to every reader, who must not write into them. When there are too many, those go first that nobody asked for since the last time
 * round (the clock algorithm): a hit writes one bit and moves nothing.
 */
export class Memory {
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #isFed: (now: number) => boolean;
  #entries = new Map<string, Entry>();
  #hand = this.#entries.entries();
  #asked = new Map<string, Heard>();
  #bytes = 0;

  constructor({ maxBytes, maxAgeMs = defaultMaxAgeMs }: MemoryOptions, isFed: (now: number) => boolean) {
    this.#maxBytes = maxBytes;
    this.#maxAgeMs = maxAgeMs;
    this.#isFed = isFed;
  }

  /** How much is held, as it is reckoned. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What is held of a key and may be given away now; null where Redis is to be asked. `now` as `performance.now()` says. */
  recall(name: string, now: number): Held | null {
    const entry = this.#entries.get(name);
    if (entry === undefined || !this.#isFed(now)) return null;
    if (entry.until <= now) {
      this.#forget(name, entry);
      return null;
    }
    entry.used = true;
    return entry;
  }

  /** Before Redis is asked for a key; null where its answer cannot be kept. */
  ask(name: string): Asking | null {
    const since = performance.now();
    if (!this.#isFed(since)) return null;
    const heard = this.#asked.get(name) ?? { askers: 0, newest: '' };
    this.#asked.set(name, heard);
    heard.askers++;
    return { name, since, heard };
  }

  /** Ends what `ask` began, and keeps what Redis answered, if anything, unless something newer is held or was heard of. */
  settle({ name, since, heard }: Asking, stored: StoredDocument | null): void {
    // Emptied since: what came meanwhile was not heard.
    if (this.#asked.get(name) !== heard) return;
    if (--heard.askers === 0) this.#asked.delete(name);
    if (stored === null || stored.evicted || stored.version < heard.newest) return;
    const held = this.#entries.get(name);
    if (held !== undefined && held.version > stored.version) return;
    this.#keep(name, stored, since);
  }

  /** Something was heard or shown of a key: nothing below this version is kept. Null: nobody knows which version that was. */
  outdate(name: string, version: Version | null): void {
    const newest = version ?? unknownFloor;
    const heard = this.#asked.get(name);
    if (heard !== undefined && heard.newest < newest) heard.newest = newest;
    const held = this.#entries.get(name);
    if (held !== undefined && held.version < newest) this.#forget(name, held);
  }

  /** These documents of a generation, by their keys, were found elsewhere and are given away: nothing older is kept. */
  outdateAll(generation: number, found: ReadonlyMap<string, { readonly version: Version | null } | null>): void {
    for (const [key, document] of found) this.outdate(`${generation}:${key}`, document?.version ?? null);
  }

  /** Forgets all, and what is being asked for. */
  clear(): void {
    if (this.#entries.size === 0 && this.#asked.size === 0) return;
    this.#entries = new Map();
    this.#hand = this.#entries.entries();
    this.#asked = new Map();
    this.#bytes = 0;
  }

  #keep(name: string, { version, asOf, body }: StoredDocument, since: number): void {
    const before = this.#entries.get(name);
    if (before !== undefined) this.#forget(name, before);
    const bytes = entryBytes + 2 * name.length + (body?.length ?? 0);
    if (bytes > this.#maxBytes) return;
    const answer: RawDocument | null = body && { body: copyOf(body), version, asOf, tier: 'memory', pending: null };
    this.#entries.set(name, { version, evicted: false, answer, until: since + this.#maxAgeMs, bytes, used: false });
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes) this.#moveHand();
  }

  #moveHand(): void {
    const { value, done } = this.#hand.next();
    if (done) this.#hand = this.#entries.entries();
    else if (value[1].used) value[1].used = false;
    else this.#forget(value[0], value[1]);
  }

  #forget(name: string, entry: Entry): void {
    this.#entries.delete(name);
    this.#bytes -= entry.bytes;
  }
}

/** In memory of its own: a small Buffer made otherwise is part of a larger one, and keeps that. */
function copyOf(body: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(body.length);
  body.copy(copy);
  return copy;
}
