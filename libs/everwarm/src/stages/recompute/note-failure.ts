import type { Database, Transactions } from '#contracts/database.ts';
import { failureOf } from '#contracts/failure.ts';
import type { Claim } from './batch.ts';
import { attemptsFor } from './blame.ts';

/** A key that could not be made, as the ledger owed it when the try began, and why. */
export type FailedClaim = { readonly claim: Claim; readonly error: unknown };

/** How long a key waits after its first failure, in seconds, twice as long after each further one, up to the longest. */
const wait = { first: 0.5, longest: 60 } as const;

/** How many causes of one key are remembered, the newest ones. */
const rememberedCauses = 5;

/**
 * Notes that keys failed by their own value. Each is tried again at its own moment, later every time; the waits are drawn at
 * random, so that what failed together does not come back together. A key that has failed often enough is quarantined instead,
 * in the transaction in which the ledger lets it go: unless a change that the last try did not see has come, which stays owed.
 * Ledger rows are locked in key order, as the relay and the acknowledgement do.
 */
export async function noteFailures(db: Transactions, generation: number, failed: readonly FailedClaim[]): Promise<void> {
  if (failed.length === 0) return;
  const failures = failed.map(({ claim, error }) => ({ ...claim, ...failureOf(error), limit: attemptsFor(error) }));
  await db.transaction(async (tx) => {
    const { rows } = await tx.query<{ key: string }>(
      `with failed as (
  select l.key, f.code, f.words, f.attempts_allowed from unnest($2::text[], $3::text[], $4::text[], $5::integer[]) as f (key, code, words, attempts_allowed)
  join everwarm.ledger l on l.generation = $1 and l.key = f.key order by l.key collate "C" for update of l
), noted as (
  update everwarm.ledger l set attempts = l.attempts + 1, code = f.code, error = left(f.words, 500), failed_at = coalesce(l.failed_at, clock_timestamp()),
    queued_at = clock_timestamp() + least(${wait.longest}, ${wait.first} * 2 ^ least(l.attempts, 10)) * (0.5 + random() / 2) * interval '1 second'
  from failed f where l.generation = $1 and l.key = f.key returning l.key, l.attempts >= f.attempts_allowed as hopeless
)
select key from noted where hopeless`,
      [
        generation,
        failures.map(({ key }) => key),
        failures.map(({ code }) => code),
        failures.map(({ words }) => words),
        failures.map(({ limit }) => limit),
      ],
    );
    const hopeless = new Set(rows.map(({ key }) => key));
    await quarantine(
      tx,
      generation,
      failures.filter(({ key }) => hopeless.has(key)),
    );
  });
}

async function quarantine(tx: Database, generation: number, claims: readonly Claim[]): Promise<void> {
  if (claims.length === 0) return;
  const keys = claims.map(({ key }) => key);
  await tx.query(
    `insert into everwarm.quarantine as q (generation, key, since, code, error, attempts, first_failed_at, last_failed_at, retry_at, causes)
select l.generation, l.key, l.since, l.code, l.error, l.attempts, l.failed_at, clock_timestamp(), l.queued_at,
  case when s.id is null then '[]' else jsonb_build_array(jsonb_build_object('table', s.schema_name || '.' || s.table_name, 'at', l.since)) end
from everwarm.ledger l left join everwarm.sources s on s.id = l.source where l.generation = $1 and l.key = any($2) order by l.key collate "C"
on conflict (generation, key) do update set since = least(q.since, excluded.since), code = excluded.code, error = excluded.error, attempts = excluded.attempts,
  last_failed_at = excluded.last_failed_at, retry_at = excluded.retry_at,
  causes = case when q.causes @> excluded.causes then q.causes else jsonb_path_query_array(q.causes || excluded.causes, '$[last - ${rememberedCauses - 1} to last]') end`,
    [generation, keys],
  );
  await tx.query(
    `delete from everwarm.ledger l using unnest($2::text[], $3::bigint[]) as c (key, seq) where l.generation = $1 and l.key = c.key and l.seq = c.seq`,
    [generation, keys, claims.map(({ seq }) => seq)],
  );
}

/**
 * Quarantined keys that something changed begin with the attempts and the time of the quarantine: they are tried again by
 * themselves, and no sooner than a key that fails is, however often it changes.
 */
export async function setApart(db: Database, generation: number, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await db.query(
    `with mine as (select key from everwarm.ledger where generation = $1 and key = any($2) and attempts = 0 order by key collate "C" for update)
update everwarm.ledger l set attempts = q.attempts, code = q.code, error = q.error, failed_at = q.first_failed_at, queued_at = q.retry_at
from mine join everwarm.quarantine q on q.generation = $1 and q.key = mine.key where l.generation = $1 and l.key = mine.key`,
    [generation, keys],
  );
}

/** Notes why the statement of these keys cannot run. No attempt is counted: nothing is wrong with them. */
export async function noteStatement(db: Database, generation: number, keys: readonly string[], error: unknown): Promise<void> {
  await db.query(
    `with mine as (select key from everwarm.ledger where generation = $1 and key = any($2) order by key collate "C" for update)
update everwarm.ledger l set error = left($3, 500), queued_at = now() from mine where l.generation = $1 and l.key = mine.key`,
    [generation, keys, failureOf(error).words],
  );
}
