import type { Generation } from '#contracts/compiled.ts';
import type { Tier } from './read-parts.ts';

/** The tiers in the order in which they are asked. */
const tiers: readonly Tier[] = ['memory', 'redis', 'postgres', 'source'];

/**
 * How long answers took, in buckets: each counts those that took at most `leMs` and longer than the one before; the last one's is
 * null: it has no end. The bounds are powers of two of a microsecond, the same for ever and everywhere, so figures of several processes add up.
 */
export type Timings = {
  readonly count: number;
  readonly sumMs: number;
  readonly buckets: readonly { readonly leMs: number | null; readonly count: number }[];
};

/** What became of the documents, or pages of entries, of one read model that one tier was asked for. */
export type TierStats = {
  /** Answered by this tier, that there is none included. */
  readonly hits: number;
  /** This tier could not tell, and the next one was asked. */
  readonly misses: number;
  /** Of the hits, those that were given although newer was known to be on its way, since the reader or the lifecycle allowed it. */
  readonly stale: number;
  /** Reads that waited for more than their answer: for what a token names, or for one that another reader, here or in another process, was getting already. */
  readonly waits: number;
  /** This tier failed. Behind Redis stands Postgres; behind the others nobody: such a read failed. */
  readonly errors: number;
  /** Of the answers; several that were asked for together count once, and of single ones from memory and from Redis every eighth. */
  readonly timings: Timings;
};

/** What a reader counted, for each read model by its name and each tier, since the reader was created (`sinceMs`, milliseconds since 1970). */
export type ReaderStats = {
  readonly sinceMs: number;
  readonly models: Readonly<Record<string, Readonly<Record<Tier, TierStats>>>>;
};

/** One for each bound, from 2^0 to 2^24 µs, which is some 17 seconds, and one for what took longer. */
const buckets = 26;
const longestMs = 2 ** 24 / 1000;

/** Of reads that take microseconds one of so many is timed: to ask the clock costs more than all the rest of counting. */
const timedOneOf = 8;

type Counts = { hits: number; misses: number; stale: number; waits: number; errors: number; sumMs: number; readonly buckets: Float64Array };

/**
 * Counts what reads come to. Every read does so, in less than a ten-thousandth of a millisecond: whole numbers are added in place,
 * nothing is allocated, and figures are made of them when somebody asks.
 */
export class ReadStats {
  readonly #sinceMs = Date.now();
  #begun = 0;
  readonly #generations = new Map<number, { readonly name: string; readonly counts: Record<Tier, Counts> }>();

  /** Whether the read that begins is one of those that are timed. */
  timed(): boolean {
    this.#begun++;
    return this.#begun % timedOneOf === 0;
  }

  /** A tier answered for so many keys, or for a page; `startedAt` is what `performance.now()` said when it was asked, 0 where that is not to be timed. */
  hit(generation: Generation, tier: Tier, startedAt: number, keys = 1): void {
    if (keys === 0) return;
    const counts = this.#of(generation, tier);
    counts.hits += keys;
    if (startedAt === 0) return;
    const ms = performance.now() - startedAt;
    counts.sumMs += ms;
    counts.buckets[ms < longestMs ? 32 - Math.clz32(ms * 1000) : buckets - 1]! += 1;
  }

  /** A tier was asked for so many keys that it could not tell. */
  miss(generation: Generation, tier: Tier, keys = 1): void {
    if (keys !== 0) this.#of(generation, tier).misses += keys;
  }

  /** Counts what becomes of a question to a tier, just asked: `found` of its answer are hits, the rest of so many keys misses. Settles as the answer does. */
  async asking<Answer>(
    generation: Generation,
    tier: Tier,
    asked: Promise<Answer>,
    { keys, found }: { readonly keys: number; readonly found: (answer: Answer) => number },
  ): Promise<Answer> {
    const startedAt = performance.now();
    try {
      const answer = await asked;
      const hits = found(answer);
      this.hit(generation, tier, startedAt, hits);
      this.miss(generation, tier, keys - hits);
      return answer;
    } catch (error) {
      this.error(generation, tier);
      throw error;
    }
  }

  /** One of the hits was known to be older than what is on its way. */
  stale(generation: Generation, tier: Tier): void {
    this.#of(generation, tier).stale += 1;
  }

  /** A read waits for more than the answer of this tier. */
  wait(generation: Generation, tier: Tier): void {
    this.#of(generation, tier).waits += 1;
  }

  /** A tier failed. */
  error(generation: Generation, tier: Tier): void {
    this.#of(generation, tier).errors += 1;
  }

  /** The figures up to now. Generations of one name count together. */
  read(): ReaderStats {
    const models: Record<string, Record<Tier, Counts>> = {};
    for (const { name, counts } of this.#generations.values()) {
      const sums = models[name] ?? countsOfTiers();
      models[name] = sums;
      for (const tier of tiers) add(sums[tier], counts[tier]);
    }
    const figures = Object.entries(models).map(([name, counts]) => [name, figuresOf(counts)] as const);
    return { sinceMs: this.#sinceMs, models: Object.fromEntries(figures) };
  }

  #of({ id, name }: Generation, tier: Tier): Counts {
    const known = this.#generations.get(id);
    if (known) return known.counts[tier];
    const counts = countsOfTiers();
    this.#generations.set(id, { name, counts });
    return counts[tier];
  }
}

function countsOfTiers(): Record<Tier, Counts> {
  const none = (): Counts => ({ hits: 0, misses: 0, stale: 0, waits: 0, errors: 0, sumMs: 0, buckets: new Float64Array(buckets) });
  return { memory: none(), redis: none(), postgres: none(), source: none() };
}

function add(sums: Counts, counts: Counts): void {
  for (const name of ['hits', 'misses', 'stale', 'waits', 'errors', 'sumMs'] as const) sums[name] += counts[name];
  for (const [bucket, count] of counts.buckets.entries()) sums.buckets[bucket]! += count;
}

function figuresOf(counts: Record<Tier, Counts>): Record<Tier, TierStats> {
  const figures = (tier: Tier): TierStats => {
    const { sumMs, buckets: counted, ...rest } = counts[tier];
    const timed = Array.from(counted, (count, bucket) => ({ leMs: bucket === buckets - 1 ? null : 2 ** bucket / 1000, count }));
    return { ...rest, timings: { count: counted.reduce((sum, count) => sum + count, 0), sumMs, buckets: timed } };
  };
  return { memory: figures('memory'), redis: figures('redis'), postgres: figures('postgres'), source: figures('source') };
}
