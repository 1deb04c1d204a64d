import type { CommitHistory } from '../../../libs/everwarm/src/torture/commit-history.ts';
import type { Load, Mark, Random } from '../../../libs/everwarm/src/torture/types.ts';
import { subjects } from './inspect.ts';
import { cureManifests, settleSignals } from './last-changes.ts';
import { randomChange, type Yard } from './random-change.ts';
import { beacon, Roster } from './roster.ts';
import { type Made, nothing, tend } from './vessel-changes.ts';
import { openSession, type YardSession } from './yard-session.ts';

/** What the load is made of. */
export type YardLoadParts = {
  /** Past all proxies; asked anew for every connection. */
  readonly postgresUrl: () => string;
  readonly random: Random;
  readonly history: CommitHistory;
  /** How many transactions are offered per second, over all connections. */
  readonly rate: number;
  /** Default 6. */
  readonly connections?: number;
  /** Whether the beacon is shown as of this number, or a later one, by every copy and every reader. */
  readonly isShown: (subject: string, stamp: number) => Promise<boolean>;
};

/** What became of the transactions so far. `unknown` are those whose commit was under way when the connection died. */
export type LoadTally = { committed: number; rolledBack: number; refused: number; unknown: number; outages: number };

/** The load over the yard. */
export type YardLoad = Load & {
  readonly tally: Readonly<LoadTally>;
  /** When all connections were last found dead, on the clock of `Date.now`; 0 for never. */
  lastOutage(): number;
};

/** How long a writer waits before it connects again. */
const reconnectMs = 100;

/**
 * Random transactions on several connections, offered at a steady rate, whatever becomes of them: committed, rolled back, refused by
 * the database, or unknown. Each commit that is heard of goes into the history. The seed decides what each connection offers.
 */
export function openYardLoad({ postgresUrl, random, history, rate, connections = 6, isShown }: YardLoadParts): YardLoad {
  const tally: LoadTally = { committed: 0, rolledBack: 0, refused: 0, unknown: 0, outages: 0 };
  const yard: Yard = { roster: new Roster(), signals: [] };
  let stopping = false;
  let lastOutage = 0;
  let writers: readonly Promise<void>[] = [];

  const heard = ({ stamps, fate }: Made) => {
    const now = Date.now();
    for (const { subject, stamp } of stamps) history.committed(subject, stamp, now);
    if (fate) yard.roster.note(fate);
    tally.committed++;
  };
  const transact = async (session: YardSession, own: Random) => {
    const isolation = own.chance(0.06) ? 'repeatable read' : 'read committed';
    const isKept = !own.chance(0.07);
    const holdsMs = own.chance(0.02) ? own.integer(200, 1500) : own.chance(0.25) ? own.integer(1, 30) : 0;
    const made = await randomChange({ session, random: own, isolation }, yard);
    if (holdsMs > 0) await pause(holdsMs);
    if (made === nothing || !isKept) {
      await session.run('rollback');
      if (made !== nothing) tally.rolledBack++;
      return;
    }
    try {
      await session.run('commit');
    } catch (error) {
      // Refused by the server it is rolled back; else nobody knows.
      if (stateOf(error) === null) tally.unknown++;
      throw error;
    }
    heard(made);
  };
  const write = async (own: Random) => {
    let session: YardSession | null = null;
    let next = performance.now() + own.integer(0, 1000);
    while (!stopping) {
      try {
        session ??= await openAndLook(postgresUrl(), yard);
        next = Math.max(next + (1000 * connections) / rate, performance.now() - 1000);
        await pause(next - performance.now());
        await transact(session, own);
      } catch (error) {
        if (stateOf(error) !== null && session !== null && (await survives(session))) tally.refused++;
        else {
          session?.end();
          session = null;
          lastOutage = Date.now();
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
    committed: () => tally.committed,
    start() {
      writers = Array.from({ length: connections }, () => write(random.fork()));
    },
    async stop() {
      stopping = true;
      await Promise.all(writers);
      writers = [];
      await insist(postgresUrl, async (session) => {
        await settleSignals(session);
        await cureManifests(session, history);
      });
    },
    mark: () =>
      insist(postgresUrl, async (session): Promise<Mark> => {
        const made = await tend({ session, random, isolation: 'read committed' }, beacon);
        if (made === nothing) throw new Error('The beacon is not afloat: the yard was not built.');
        await session.run('commit');
        const [{ stamp } = { stamp: 0 }] = made.stamps;
        heard(made);
        return { isVisible: () => isShown(subjects.vessel(beacon.fleet, beacon.hullNo), stamp) };
      }),
  };
}

async function openAndLook(url: string, { roster }: Yard): Promise<YardSession> {
  const session = await openSession(url);
  await roster.refresh(session);
  return session;
}

/** Tries until Postgres takes it. What is unknown is tried again: the numbers go on either way. */
async function insist<Result>(postgresUrl: () => string, action: (session: YardSession) => Promise<Result>): Promise<Result> {
  for (;;) {
    let session: YardSession | null = null;
    try {
      session = await openSession(postgresUrl());
      return await action(session);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('The beacon')) throw error;
      await pause(reconnectMs);
    } finally {
      session?.end();
    }
  }
}

/** Whether the connection is usable after an error, its transaction rolled back. */
async function survives(session: YardSession): Promise<boolean> {
  return session.run('rollback').then(
    () => true,
    () => false,
  );
}

/** The SQLSTATE of what the server refused; null for a connection that died. */
function stateOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // 57P01 to 57P05 and class 08: the server ends the connection.
  return /^[0-9A-Z]{5}$/.test(code) && !/^(57P0|08)/.test(code) ? code : null;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));
