import type { CommitHistory } from '../../../libs/everwarm/src/torture/commit-history.ts';
import { manifestWords, subjects } from './inspect.ts';
import { titles } from './other-changes.ts';
import { begin, text, type YardSession } from './yard-session.ts';

/** Ends what the time alone would change: all signals are down, so that what is compared does not change while it is compared. */
export async function settleSignals(session: YardSession): Promise<void> {
  await session.run(`update "Yard".signal set "lowers At" = now() - interval '1 second' where "lowers At" > now() - interval '1 second'`);
}

/** Writes every manifest anew, so that all of them are legible. */
export async function cureManifests(session: YardSession, history: CommitHistory): Promise<void> {
  for (const title of titles) {
    const subject = subjects.manifest(title);
    const stamp = (await begin(session, [subject])).get(subject)!.stamp;
    await session.run(
      `insert into "Yard"."Manifest" values (${text(title)}, ${stamp}, ${text(manifestWords(stamp))})
on conflict ("Title") do update set "Stamp" = excluded."Stamp", "Words" = excluded."Words"; commit`,
    );
    history.committed(subject, stamp, Date.now());
  }
}
