import { tokenOf } from 'everwarm/reader';
import type { CommitHistory } from '../../../libs/everwarm/src/torture/commit-history.ts';
import type { ToldCommit } from '../../../libs/everwarm/src/torture/told-commit.ts';
import type { Load, Random } from '../../../libs/everwarm/src/torture/types.ts';
import { openWriters, type Writers } from '../../../libs/everwarm/src/torture/writers.ts';
import { subjects } from './inspect.ts';
import { cureManifests, settleSignals } from './last-changes.ts';
import { randomChange, type Yard } from './random-change.ts';
import { beacon, Roster } from './roster.ts';
import { type Made, nothing, tend } from './vessel-changes.ts';

/** What the load is made of. */
export type YardLoadParts = {
  readonly postgresUrl: () => string;
  readonly random: Random;
  readonly history: CommitHistory;
  /** How many transactions are offered per second. */
  readonly rate: number;
  /** Whether a subject is shown as of this number, or a later one, by every copy and every reader. */
  readonly isShown: (subject: string, stamp: number) => Promise<boolean>;
  /** Told of some of the commits that were heard of, with a token of each, to be read with it. */
  readonly tell: (commit: Omit<ToldCommit, 'type'>) => void;
};

/** This share of the transactions is named by a token. */
const namedShare = 0.25;

/** The load over the yard. Each commit that is heard of goes into the history. */
export type YardLoad = Load & Pick<Writers, 'tally' | 'lastOutage'>;

/** Random transactions over the yard, until it is stopped. Then nothing is illegible any more and nothing waits for its time. */
export function openYardLoad({ postgresUrl, random, history, rate, isShown, tell }: YardLoadParts): YardLoad {
  const yard: Yard = { roster: new Roster(), signals: [] };
  const remember = ({ stamps, fate }: Made) => {
    const now = Date.now();
    for (const { subject, stamp } of stamps) history.committed(subject, stamp, now);
    if (fate) yard.roster.note(fate);
  };
  const writers = openWriters({
    postgresUrl,
    random,
    rate,
    greet: (session) => yard.roster.refresh(session),
    make: async (session, own, isolation) => {
      const made = await randomChange({ session, random: own, isolation }, yard);
      if (made === nothing) return null;
      const token = own.chance(namedShare) ? await tokenOf({ query: async (sql) => ({ rows: await session.run(sql) }) }) : null;
      return {
        heard: () => {
          remember(made);
          if (token !== null) tell({ token, stamps: made.stamps });
        },
      };
    },
  });
  let marks = 0;
  return {
    tally: writers.tally,
    lastOutage: () => writers.lastOutage(),
    committed: () => writers.tally.committed + marks,
    start: () => writers.start(),
    async stop() {
      await writers.stop();
      await writers.insist(async (session) => {
        await settleSignals(session);
        await cureManifests(session, history);
      });
      await writers.stop();
    },
    mark: () =>
      writers.insist(async (session) => {
        const made = await tend({ session, random, isolation: 'read committed' }, beacon);
        if (made === nothing) throw new Error('The beacon is not afloat: the yard was not built.');
        await session.run('commit');
        remember(made);
        marks++;
        const [{ stamp } = { stamp: 0 }] = made.stamps;
        return { isVisible: () => isShown(subjects.vessel(beacon.fleet, beacon.hullNo), stamp) };
      }),
  };
}
