import type { Database } from '#contracts/database.ts';

/** What of one generation is in quarantine: how many keys, and the age of the oldest change that is not in the document of one. */
export type Quarantined = { readonly keys: number; readonly oldestMs: number };

/** What is in quarantine, by generation; those with nothing are absent. Writes nothing. */
export async function readQuarantined(db: Database): Promise<ReadonlyMap<number, Quarantined>> {
  const { rows } = await db.query<{ generation: number; keys: number; oldest: number }>(
    `select generation, count(*)::float8 as keys, extract(epoch from clock_timestamp() - min(since))::float8 * 1000 as oldest
from everwarm.quarantine group by generation`,
  );
  return new Map(rows.map(({ generation, keys, oldest }) => [generation, { keys, oldestMs: Math.max(0, Math.round(oldest)) }]));
}

/** What is in quarantine in words, with the cure; null when nothing is. */
export async function quarantineProblem(db: Database): Promise<string | null> {
  const { rows } = await db.query<{ name: string; keys: string; state: string; code: string; error: string }>(
    `select g.name, g.state, count(*)::text as keys, (array_agg(q.code order by q.since))[1] as code, (array_agg(q.error order by q.since))[1] as error
from everwarm.quarantine q join everwarm.generations g on g.id = q.generation where g.state <> 'dropped' group by g.id order by g.id`,
  );
  if (rows.length === 0) return null;
  const each = rows.map(
    ({ name, state, keys, code, error }) =>
      `${keys} of ${name}${state === 'building' ? ', whose new generation waits for them' : ''} (e.g. ${code}: ${error})`,
  );
  return `Documents cannot be made from what their rows say, and stay as they last were: ${each.join('; ')}. Mend the rows, or the definition; everwarm quarantine list names them, retry and discard decide.`;
}
