import type { Generation } from '#contracts/compiled.ts';
import { maxJobKeys } from '#contracts/job.ts';
import { canCompute, type Transforms } from '#contracts/transform.ts';
import { type KeyParts, type Outcome, recomputeKeys } from './recompute-keys.ts';
import type { Turns } from './turns.ts';

/** Locks rows in the order in which everybody does who locks several and waits. */
const inOrder = 'select key from everwarm.ledger where generation = $1 and key = any($2) order by key collate "C" for update';

/** How long one process has keys for itself that it tries again, in seconds: longer than any statement runs. */
const leaseSeconds = 65;

/** Which keys are tried again: those that fail by what they say, or those that take too long, which hold up nobody but one another. */
export type Retries = 'values' | 'slow';

/** How many keys one turn takes. */
const turnKeys: Readonly<Record<Retries, number>> = { values: maxJobKeys, slow: 1 };

type Due = { readonly generation: number; readonly key: string; readonly together: boolean };

/**
 * Tries keys again that failed and whose time has come, oldest first. They never travel with others through the queue: one turn at
 * a time in each process bounds what they cost, whatever their number. Those that fail in the program's own code, after the
 * statement, are tried together; the others one by one. Returns whether there were any.
 */
export async function retryFailed<W extends Outcome>(
  parts: Omit<KeyParts<W>, 'later'> & { readonly transforms: Transforms },
  which: Retries,
  takeTurn: Turns = (action) => action(),
): Promise<boolean> {
  const live = (await parts.generations.live()).filter(
    (generation) => generation.stalled === null && canCompute(parts.transforms, generation),
  );
  const { rows } = await parts.db.query<Due>(
    `with due as (
  select generation, key from everwarm.ledger where attempts > 0 and generation = any($1) and queued_at <= now() and (code = '57014') = $2
  order by failed_at limit ${turnKeys[which]} for update skip locked
)
update everwarm.ledger l set queued_at = now() + ${leaseSeconds} * interval '1 second' from due where l.generation = due.generation and l.key = due.key
returning l.generation, l.key, l.code like 'E\\_%' as together`,
    [live.map(({ id }) => id), which === 'slow'],
  );
  for (const generation of live) {
    const mine = rows.filter((row) => row.generation === generation.id);
    const together = mine.filter((row) => row.together).map(({ key }) => key);
    const alone = mine.filter((row) => !row.together).map(({ key }) => [key]);
    for (const keys of together.length > 0 ? [together, ...alone] : alone) await takeTurn(() => tryAgain(parts, generation, keys));
  }
  return rows.length > 0;
}

async function tryAgain<W extends Outcome>(
  parts: Omit<KeyParts<W>, 'later'>,
  generation: Generation,
  keys: readonly string[],
): Promise<void> {
  const { db } = parts;
  const later: KeyParts<W>['later'] = async ({ id }, busy, delayMs) =>
    void (await db.query(
      `with mine as (${inOrder}) update everwarm.ledger l set queued_at = now() + $3 * interval '1 millisecond' from mine where l.generation = $1 and l.key = mine.key`,
      [id, busy, delayMs],
    ));
  const finish: KeyParts<W>['finish'] = async (of, written, done) => {
    await parts.finish(of, written, done);
    // Where a newer change came meanwhile, the key is owed for that one, as any key is.
    await db.query(
      `with mine as (${inOrder})
update everwarm.ledger l set attempts = 0, code = null, error = null, failed_at = null, queued_at = null from mine where l.generation = $1 and l.key = mine.key`,
      [of.id, done.map(({ key }) => key)],
    );
  };
  await recomputeKeys({ ...parts, later, finish }, generation, keys, 'any');
}
