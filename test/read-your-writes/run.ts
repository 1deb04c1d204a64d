import { randomBytes } from 'node:crypto';
import { asAdmin, createDatabase, createRandom, createRedis, type TestServers } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { Pool } from 'pg';
import { type Faults, openFaults } from './faults.ts';
import type { Place } from './processes/place.ts';
import { type RemoteReader, startReader, startWorker } from './processes/start.ts';
import { Clerk, type Expected } from './world/clerk.ts';
import { ddl, readModels } from './world/read-models.ts';

/** What is asked of a run. */
export type RunOptions = {
  readonly servers: TestServers;
  readonly writes: number;
  readonly seed: number;
  /** Whether workers and Redis are stopped and killed meanwhile. */
  readonly faults: boolean;
  readonly log: (line: string) => void;
};

/** What a run came to. Waits are of reads with the token of the commit just before, in milliseconds, while nothing was broken. */
export type Report = {
  readonly writes: number;
  readonly reads: number;
  readonly misses: readonly string[];
  readonly errors: readonly string[];
  readonly tiers: Readonly<Record<string, number>>;
  readonly waits: { readonly p50: number; readonly p99: number; readonly max: number };
};

const clerkCount = 6;

/**
 * Clerks in this process write, two processes read after each commit what it must show, two others work; meanwhile these are stopped
 * and killed, and Redis dies and comes back. Everything it starts is stopped when it resolves or rejects.
 */
export async function runReadYourWrites({ servers, writes, seed, faults: hasFaults, log }: RunOptions): Promise<Report> {
  const random = createRandom(seed);
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const database = await createDatabase({ servers });
    closers.unshift(() => database.drop());
    const redis = await createRedis({ persistent: true, servers });
    closers.unshift(() => redis.stop());
    const place: Place = { postgres: database.url, redis: redis.url, namespace: `tokens-${randomBytes(4).toString('hex')}` };
    await asAdmin(database.url, (admin) => admin.query(ddl));
    await migrate(place);
    const workers = await Promise.all([startWorker(place), startWorker(place)]);
    closers.unshift(() => Promise.all(workers.map((worker) => worker.stop())));
    const readers = await Promise.all([startReader(place), startReader(place)]);
    closers.unshift(() => Promise.all(readers.map((reader) => reader.stop())));
    const pool = new Pool({ connectionString: database.url, max: clerkCount });
    closers.unshift(() => pool.end());

    const faults = openFaults(place, redis, workers, log);
    const tally = new Tally(readers, faults);
    const work = async (number: number) => {
      const client = await pool.connect();
      const own = random.fork();
      try {
        const clerk = new Clerk(client, own.fork(), number);
        await clerk.begin();
        while (tally.writes < writes) {
          tally.writes++;
          if (hasFaults) faults.step(tally.writes / writes);
          const { token, expected } = await clerk.write();
          for (const [index, one] of expected.entries()) await tally.look(own.integer(0, readers.length - 1), one, token, index === 0);
        }
      } finally {
        client.release();
      }
    };
    await Promise.all(Array.from({ length: clerkCount }, (_, index) => work(index + 1)));
    await faults.settled();
    return tally.report();
  } finally {
    for (const close of closers) await close();
  }
}

/** Adds up what readers see. */
class Tally {
  writes = 0;
  readonly #readers: readonly RemoteReader[];
  readonly #faults: Faults;
  readonly #misses: string[] = [];
  readonly #errors: string[] = [];
  readonly #tiers: Record<string, number> = {};
  readonly #waits: number[] = [];
  #reads = 0;

  constructor(readers: readonly RemoteReader[], faults: Faults) {
    this.#readers = readers;
    this.#faults = faults;
  }

  async look(reader: number, expected: Expected, after: string, isFirst: boolean): Promise<void> {
    const wasQuiet = this.#faults.isQuiet();
    try {
      const { miss, tier, tookMs } = await this.#readers[reader]!.look(expected, { after, timeoutMs: this.#faults.timeoutMs() });
      this.#reads++;
      if (miss) this.#misses.push(miss);
      this.#tiers[tier] = (this.#tiers[tier] ?? 0) + 1;
      if (isFirst && wasQuiet && this.#faults.isQuiet()) this.#waits.push(tookMs);
    } catch (error) {
      this.#errors.push(String(error));
    }
  }

  report(): Report {
    const waits = this.#waits.toSorted((a, b) => a - b);
    const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0;
    return {
      writes: this.writes,
      reads: this.#reads,
      misses: this.#misses,
      errors: this.#errors,
      tiers: this.#tiers,
      waits: { p50: at(0.5), p99: at(0.99), max: at(1) },
    };
  }
}

async function migrate(place: Place): Promise<void> {
  const everwarm = createEverwarm({ ...place, readModels, onError: () => undefined });
  try {
    await everwarm.migrate();
    await everwarm.start();
    await everwarm.settled({ timeoutMs: 60_000 });
  } finally {
    await everwarm.stop();
  }
}
