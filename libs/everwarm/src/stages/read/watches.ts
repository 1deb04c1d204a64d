import type { Generation } from '#contracts/compiled.ts';
import { EverwarmError, type EverwarmErrorCode } from '#contracts/errors.ts';
import type { Transform } from '#contracts/transform.ts';
import type { Version } from '#contracts/version.ts';
import type { RawDocument } from './read-parts.ts';
import type { Ending } from './watch.ts';

/** One document of one read model. */
export type Watched = { readonly generation: Generation; readonly key: string; readonly transform: Transform | null };

/** What watching stands on. */
export type WatchParts = {
  /** The documents of these keys of one generation as they are now, never less than this process has shown of them. */
  readonly read: (generation: Generation, keys: readonly string[], transform: Transform | null) => Promise<readonly (RawDocument | null)[]>;
  /** Whether each change is told by `hear`. */
  readonly isHeard: () => boolean;
  /** Somebody watches: changes should be told from now on. */
  readonly begin: () => void;
};

/** A key that somebody watches, and what was last learned of it, for all who do. `turn` counts what they are to be shown. */
type Topic = Watched & {
  readonly name: string;
  readonly watchers: Set<() => void>;
  current: RawDocument | null;
  newest: Version;
  turn: number;
  state: 'still' | 'asked' | 'reading' | 'reading, asked' | 'failed';
};

/** How often those are read again of which no change is told, and those that could not be read. */
const everyMs = 1000;

/** How many keys are read together. */
const together = 100;

/** What one key among many can fail a read by: its rows, its transform, or somebody else's value in its place in Redis. */
const ofOneKey: ReadonlySet<EverwarmErrorCode> = new Set(['E_DOCUMENT', 'E_TRANSFORM', 'E_REDIS_UNFIT']);

/**
 * The documents that this process watches. However many watch one key, it is read once for each change that is heard of it, and
 * kept once; who watches is told that there is something newer, and takes what is newest when it comes to ask. So nobody who is slow
 * costs anything, and nothing waits in line. While changes are not told, the keys are read each second; when they are told
 * again, all are read once.
 */
export class Watches {
  readonly #parts: WatchParts;
  readonly #topics = new Map<string, Topic>();
  #asked: Topic[] = [];
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** A change was told. */
  hear(name: string, version: Version): void {
    const topic = this.#topics.get(name);
    if (topic !== undefined && topic.newest < version) this.#ask(topic);
  }

  /** All that is watched may have changed. */
  reread(): void {
    for (const topic of this.#topics.values()) this.#ask(topic);
  }

  /** Ends all that is watched. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearInterval(this.#timer);
    for (const { watchers } of this.#topics.values()) for (const wake of watchers) wake();
  }

  /**
   * The document now, then whatever is newer, the newest whenever the caller asks: null while there is none. With `after`, not
   * before it is newer than that version. Ends with `ending` and `stop`. Throws what the first read throws; later ones are tried again.
   */
  async *watch(watched: Watched, after: Version | null, ending: Ending): AsyncGenerator<RawDocument | null, void, undefined> {
    if (this.#stopped || ending.isOver) return;
    const topic = this.#join(watched);
    topic.watchers.add(ending.wake);
    try {
      // Each reads for itself: this one may have been shown more, by other reads, than the topic has heard of.
      for (let isLearned = false; !isLearned; ) {
        const { turn } = topic;
        const [now = null] = await this.#parts.read(watched.generation, [watched.key], watched.transform);
        isLearned = learn(topic, turn, now);
      }
      for (let turn = 0; !this.#stopped && !ending.isOver; ) {
        if (turn === topic.turn) await ending.woken();
        else {
          turn = topic.turn;
          const { current } = topic;
          if (after === null || current === null || current.version === null || current.version > after) yield current;
        }
      }
    } finally {
      topic.watchers.delete(ending.wake);
      if (topic.watchers.size === 0) this.#leave(topic);
    }
  }

  #join(watched: Watched): Topic {
    const name = `${watched.generation.id}:${watched.key}`;
    const known = this.#topics.get(name);
    if (known) return known;
    const topic: Topic = { ...watched, name, watchers: new Set(), current: null, newest: '', turn: 0, state: 'still' };
    this.#topics.set(name, topic);
    this.#timer ??= setInterval(() => this.#tick(), everyMs).unref();
    this.#parts.begin();
    return topic;
  }

  #leave(topic: Topic): void {
    this.#topics.delete(topic.name);
    if (this.#topics.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    const isHeard = this.#parts.isHeard();
    for (const topic of this.#topics.values()) if (!isHeard || topic.state === 'failed') this.#ask(topic);
  }

  #ask(topic: Topic): void {
    if (topic.state === 'reading') topic.state = 'reading, asked';
    if (topic.state !== 'still' && topic.state !== 'failed') return;
    topic.state = 'asked';
    this.#asked.push(topic);
    if (this.#asked.length === 1) setImmediate(() => this.#readAsked());
  }

  #readAsked(): void {
    const asked = this.#asked.toSorted((a, b) => a.generation.id - b.generation.id);
    this.#asked = [];
    for (let start = 0; start < asked.length; ) {
      let end = start + 1;
      while (end < asked.length && end - start < together && asked[end]!.generation.id === asked[start]!.generation.id) end++;
      void this.#read(asked.slice(start, end));
      start = end;
    }
  }

  async #read(topics: readonly Topic[]): Promise<void> {
    const [first] = topics;
    if (first === undefined || this.#stopped) return;
    for (const topic of topics) topic.state = 'reading';
    const turns = topics.map(({ turn }) => turn);
    try {
      const keys = topics.map(({ key }) => key);
      const answers = await this.#parts.read(first.generation, keys, first.transform);
      for (const [index, topic] of topics.entries()) {
        const again = topic.state === 'reading, asked';
        topic.state = 'still';
        if (!learn(topic, turns[index] ?? 0, answers[index] ?? null) || again) this.#ask(topic);
      }
    } catch (error) {
      // One that cannot be made takes nothing from the others. Of a store that fails nothing is asked before the next tick.
      const isOfOne = error instanceof EverwarmError && ofOneKey.has(error.code);
      if (isOfOne && topics.length > 1) for (const topic of topics) void this.#read([topic]);
      else for (const topic of topics) topic.state = 'failed';
    }
  }
}

/**
 * Takes what was read of a key since it was at this `turn`, and wakes those who watch it if it is news. A read never shows less than
 * one that had ended before it began; of two that overlap, versions tell which is newer, and where one of them found nothing,
 * nobody knows: returns false when it must be read again.
 */
function learn(topic: Topic, since: number, now: RawDocument | null): boolean {
  const { current, turn } = topic;
  if (turn !== since && (current === null) !== (now === null)) return false;
  const isNews = turn === 0 || !isSame(topic, current, now);
  if (isNews || (now !== null && current?.version === null)) topic.current = now;
  if (now?.version != null && now.version > topic.newest) topic.newest = now.version;
  if (!isNews) return true;
  topic.turn++;
  for (const wake of topic.watchers) wake();
  return true;
}

/** Whether nothing new was read: nothing again, no newer version, or of what has no version yet the same bytes. */
function isSame({ newest }: Topic, current: RawDocument | null, now: RawDocument | null): boolean {
  if (current === null || now === null) return current === now;
  if (current.version !== null && now.version !== null) return now.version <= newest;
  return current.body.equals(now.body);
}
