import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from './types.ts';
import { openSession, type WriterSession } from './writer-session.ts';

/** What becomes of a transaction that was made: what to do when its commit is heard of. Null: it had nothing to do and is rolled back. */
export type MadeTransaction = { heard(): void } | null;

/** What writers are made of. */
export type WriterParts = {
  /** Past all proxies; asked anew for every connection. */
  readonly postgresUrl: () => string;
  readonly random: Random;
  /** How many transactions are offered per second, over all connections. */
  readonly rate: number;
  /** Default 6. */
  readonly connections?: number;
  /** Begins a transaction in this isolation, writes, and leaves it open. */
  readonly make: (session: WriterSession, random: Random, isolation: string) => Promise<MadeTransaction>;
  /** Done on every new connection. */
  readonly greet?: (session: WriterSession) => Promise<void>;
};

/** What became of the transactions so far. `unknown` are those whose commit was under way when the connection died. */
export type WriterTally = { committed: number; rolledBack: number; refused: number; unknown: number; outages: number };

/** Writers at work. */
export type Writers = {
  readonly tally: Readonly<WriterTally>;
  /** When connections last began to be found dead, on the clock of `Date.now`; 0 for never. */
  lastOutage(): number;
  start(): void;
  stop(): Promise<void>;
  /** Makes and commits a transaction, again and again until it is known to be committed. The action must be one that may be repeated. */
  insist<Result>(action: (session: WriterSession) => Promise<Result>): Promise<Result>;
};

/** How long a writer waits before it connects again. */
const reconnectMs = 100;

/** Connections that die within so long of each other die of the same outage. */
const oneOutageMs = 15_000;

/**
 * Connections that write one transaction after the other, offered together at a steady rate whatever becomes of them: committed
 * (some after a while, so that they commit in another order than they began), rolled back, refused by the database, or unknown.
 */
export function openWriters({ postgresUrl, random, rate, connections = 6, make, greet }: WriterParts): Writers {
  const tally: WriterTally = { committed: 0, rolledBack: 0, refused: 0, unknown: 0, outages: 0 };
  let stopping = false;
  let [lastOutage, lastDeath] = [0, 0];
  let running: readonly Promise<void>[] = [];
  let insistent: WriterSession | null = null;

  const transact = async (session: WriterSession, own: Random) => {
    const isolation = own.chance(0.06) ? 'repeatable read' : 'read committed';
    const isKept = !own.chance(0.07);
    const holdsMs = own.chance(0.02) ? own.integer(200, 1500) : own.chance(0.25) ? own.integer(1, 30) : 0;
    const made = await make(session, own, isolation);
    if (holdsMs > 0) await pause(holdsMs);
    if (made === null || !isKept) {
      await session.run('rollback');
      if (made !== null) tally.rolledBack++;
      return;
    }
    try {
      await session.run('commit');
    } catch (error) {
      // What the server refused is rolled back; else nobody knows.
      if (!isRefusal(error)) tally.unknown++;
      throw error;
    }
    made.heard();
    tally.committed++;
  };
  const write = async (own: Random) => {
    let session: WriterSession | null = null;
    let next = performance.now() + own.integer(0, 500);
    while (!stopping) {
      try {
        session ??= await greeted(postgresUrl(), greet);
        // What was not offered during an outage is not made up for.
        next = Math.max(next + (1000 * connections) / rate, performance.now() - 1000);
        await pause(Math.max(0, next - performance.now()));
        await transact(session, own);
      } catch (error) {
        if (isRefusal(error) && session !== null && (await survives(session))) tally.refused++;
        else {
          session?.end();
          session = null;
          if (Date.now() - lastDeath > oneOutageMs) lastOutage = Date.now();
          lastDeath = Date.now();
          tally.outages++;
          await pause(reconnectMs);
        }
      }
    }
    session?.end();
  };

  return {
    tally,
    lastOutage: () => lastOutage,
    start() {
      running = Array.from({ length: connections }, () => write(random.fork()));
    },
    async stop() {
      stopping = true;
      await Promise.all(running);
      running = [];
      insistent?.end();
      insistent = null;
    },
    async insist(action) {
      for (;;) {
        try {
          insistent ??= await openSession(postgresUrl());
          return await action(insistent);
        } catch (error) {
          if (!isRefusal(error) && !isLost(error)) throw error;
          insistent?.end();
          insistent = null;
          await pause(reconnectMs);
        }
      }
    },
  };
}

async function greeted(url: string, greet: WriterParts['greet']): Promise<WriterSession> {
  const session = await openSession(url);
  await greet?.(session);
  return session;
}

/** Whether the connection is usable after an error, its transaction rolled back. */
async function survives(session: WriterSession): Promise<boolean> {
  return session.run('rollback').then(
    () => true,
    () => false,
  );
}

/** Whether the server refused a statement and goes on: not when it ends the connection (57P01 to 57P05, class 08). */
function isRefusal(error: unknown): boolean {
  return /^[0-9A-Z]{5}$/.test(codeOf(error)) && !/^(57P0|08)/.test(codeOf(error));
}

/** Whether the connection died, or none was to be had. */
function isLost(error: unknown): boolean {
  return (
    /^(57P0|08|53|E[A-Z]+)/.test(codeOf(error)) ||
    (error instanceof Error && /connection|timeout|ended|terminat|not queryable/i.test(error.message))
  );
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
