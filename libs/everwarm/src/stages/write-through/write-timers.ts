import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';

/**
 * Notes for each key of a batch when the time alone will change its document next, and forgets what it no longer waits for.
 * Unchanged timers are not written, nor those that somebody asked for. Called in the transaction that wrote the documents, and after that: both look at the time
 * at which the transaction began, so no moment falls between them. Does nothing for a model that never looks at the time.
 */
export async function writeTimers(
  tx: Database,
  { generation, keys }: { readonly generation: Generation; readonly keys: readonly string[] },
): Promise<void> {
  const { moments } = generation.model;
  if (moments === undefined) return;
  await tx.query({ name: `everwarm_timers_${generation.id}`, text: writeTimersSql(moments), values: [keys, generation.id] });
}

/** The statement of {@link writeTimers}: `$1 text[]` keys, `$2 integer` the generation. */
export function writeTimersSql(moments: string): string {
  return `with next as materialized (${moments}),
gone as (
  delete from everwarm.timers t where t.generation = $2 and t.key = any($1::text[]) and not t.asked and not exists (select from next n where n.key = t.key)
),
inserted as (
  insert into everwarm.timers (generation, key, at) select $2, key, at from next on conflict (generation, key, asked) do nothing
)
update everwarm.timers t set at = n.at from next n where t.generation = $2 and t.key = n.key and not t.asked and t.at <> n.at`;
}
