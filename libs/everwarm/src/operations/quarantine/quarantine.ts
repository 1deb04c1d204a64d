import type { Database, Transactions } from '#contracts/database.ts';
import { logOperation } from '#operations/operator-log.ts';

/** A key whose document could not be made: what it fails by, since when, and after which changes. Ids only, nothing of what rows hold. */
export type QuarantinedKey = {
  readonly model: string;
  readonly generation: number;
  readonly key: string;
  /** When the oldest change was made that is not in its document. */
  readonly since: Date;
  /** Postgres's code or ours. */
  readonly code: string;
  readonly error: string;
  readonly attempts: number;
  readonly firstFailedAt: Date;
  readonly lastFailedAt: Date;
  /** The tables whose changes it failed after, as far as known, oldest first. */
  readonly causes: readonly { readonly table: string; readonly at: string }[];
  /** Whether it is owed to be tried again: something changed it since, or an operator asked for it. */
  readonly owed: boolean;
};

/** Which quarantined keys are meant: those of one read model, of it only these, or all. Keys in the form in which documents have them. */
export type Chosen = { readonly model?: string | undefined; readonly keys?: readonly string[] | undefined };

/** How to decide. `dryRun` only tells which; `by` is whoever asked, where that is known better than by the process. */
export type DecideOptions = { readonly dryRun?: boolean | undefined; readonly by?: string | undefined };

const chosenSql = `everwarm.quarantine q join everwarm.generations g on g.id = q.generation
where g.state <> 'dropped' and ($1::text is null or g.name = $1) and ($2::text[] is null or q.key = any($2))`;

const chosenValues = ({ model, keys }: Chosen) => [model ?? null, keys ?? null];

/** The quarantined keys, the oldest first, at most `limit`. Writes nothing. */
export async function listQuarantined(db: Database, chosen: Chosen = {}, limit = 10_000): Promise<QuarantinedKey[]> {
  const { rows } = await db.query<QuarantinedKey>(
    `select g.name as model, q.generation, q.key, q.since, q.code, q.error, q.attempts, q.first_failed_at as "firstFailedAt", q.last_failed_at as "lastFailedAt",
  q.causes, exists (select from everwarm.ledger l where l.generation = q.generation and l.key = q.key) as owed
from ${chosenSql} order by q.since, q.generation, q.key limit ${limit}`,
    chosenValues(chosen),
  );
  return rows;
}

/**
 * Has quarantined keys tried once more, now. Those that succeed leave the quarantine; of the others it says what they failed by this
 * time. Says so in the operator log. Returns how many there are.
 */
export function retryQuarantined(db: Transactions, chosen: Chosen, options: DecideOptions = {}): Promise<number> {
  return decide(db, 'quarantine retry', chosen, options, async (tx) => {
    await tx.query(
      `insert into everwarm.ledger (generation, key, since, attempts, code, error, failed_at, queued_at)
select q.generation, q.key, q.since, q.attempts, q.code, q.error, q.first_failed_at, now() from ${chosenSql} order by q.generation, q.key collate "C"
on conflict (generation, key) do update set seq = nextval('everwarm.ledger_seq'), since = least(ledger.since, excluded.since),
  attempts = excluded.attempts, code = excluded.code, error = excluded.error, failed_at = excluded.failed_at, queued_at = excluded.queued_at`,
      chosenValues(chosen),
    );
    await tx.query(
      `update everwarm.quarantine set retry_at = now() where (generation, key) in (select q.generation, q.key from ${chosenSql})`,
      [...chosenValues(chosen)],
    );
  });
}

/**
 * Takes keys out of quarantine as they are: their last good documents, if any, stay until something changes them, and a generation
 * that waits for them is let serve. Says so in the operator log. Returns how many there are.
 */
export function discardQuarantined(db: Transactions, chosen: Chosen, options: DecideOptions = {}): Promise<number> {
  return decide(db, 'quarantine discard', chosen, options, async (tx) => {
    await tx.query(`delete from everwarm.quarantine where (generation, key) in (select q.generation, q.key from ${chosenSql})`, [
      ...chosenValues(chosen),
    ]);
  });
}

function decide(
  db: Transactions,
  verb: string,
  chosen: Chosen,
  { dryRun = false, by }: DecideOptions,
  act: (tx: Database) => Promise<void>,
): Promise<number> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<{ count: string }>(`select count(*)::text as count from ${chosenSql}`, chosenValues(chosen));
    const count = Number(rows[0]?.count ?? 0);
    if (dryRun || count === 0) return count;
    await act(tx);
    await logOperation(tx, { verb, args: { model: chosen.model ?? null, keys: chosen.keys ?? null, count }, by });
    return count;
  });
}
