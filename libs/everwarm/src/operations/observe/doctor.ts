import type { CompiledModel } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { definitionHash } from '#model/compile.ts';
import type { Redis } from '#platform/clients.ts';
import { pendingMigrations } from '#platform/migrate-schema.ts';
import { postgresError } from '#platform/postgres.ts';
import { checkRedis } from '#platform/redis.ts';
import { inspectTable } from '#stages/capture/inspect.ts';
import { captureEvents, triggerName } from '#stages/capture/trigger-sql.ts';
import { watchList } from '#stages/capture/watch-list.ts';

/** One thing that was looked at; `problem` null when it is well. Without what is `vital` nothing may start. */
export type Diagnosis = { readonly check: string; readonly vital: boolean; readonly problem: string | null };

/** Looks at everything Everwarm stands on and says of each thing whether it is well and, if not, what to do. `url` names Postgres in messages. Changes nothing. */
export async function examine(db: Database, redis: Redis, models: readonly CompiledModel[], url?: string): Promise<Diagnosis[]> {
  const diagnoses: Diagnosis[] = [];
  const look = async (check: string, vital: boolean, action: () => Promise<string | null>) => {
    const problem = await action().catch((error: unknown) => postgresError(error, url).message);
    diagnoses.push({ check, vital, problem });
    return problem === null;
  };
  await look('Postgres is 14 or newer', true, () => checkPostgres(db).then(() => null));
  await look('Redis is 6.2 or newer and evicts nothing', true, () => checkRedis(redis).then(() => null));
  const migrated = await look('the schema everwarm is up to date', true, async () =>
    (await pendingMigrations(db)).length === 0 ? null : 'Steps are missing. Run everwarm migrate.',
  );
  if (!migrated) return diagnoses;
  for (const model of models) await look(`${model.name} is in the database`, true, () => generationProblem(db, model));
  for (const watch of watchList(models)) {
    await look(`${watch.table.schema}.${watch.table.name} is captured`, true, async () => {
      const facts = await inspectTable(db, watch);
      const missing = captureEvents.filter((event) => !facts.triggers.has(triggerName(event)));
      return missing.length === 0
        ? null
        : `Its triggers for ${missing.join(', ')} are missing or do not fire always. Run everwarm migrate.`;
    });
  }
  await look('a relay is running', false, () => relayProblem(db));
  await look('no key fails', false, () => failingProblem(db));
  return diagnoses;
}

/** Throws E_POSTGRES_UNFIT for a server that is too old. */
export async function checkPostgres(db: Database): Promise<void> {
  const { rows } = await db.query<{ version: string; number: number }>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::integer as number`,
  );
  const { version = 'unknown', number = 0 } = rows[0] ?? {};
  if (number < 140000) throw new EverwarmError('E_POSTGRES_UNFIT', `Postgres is version ${version}. Everwarm needs 14 or newer.`);
}

async function generationProblem(db: Database, model: CompiledModel): Promise<string | null> {
  const { rows } = await db.query<{ state: string }>(
    `select state from everwarm.generations where name = $1 and hash = $2 and state <> 'dropped'`,
    [model.name, definitionHash(model)],
  );
  return rows[0] ? null : 'This definition has no generation. Run everwarm migrate.';
}

async function relayProblem(db: Database): Promise<string | null> {
  const { rows } = await db.query<{ running: boolean }>(
    `select coalesce(heartbeat > clock_timestamp() - interval '5 seconds', false) as running from everwarm.relay`,
  );
  return rows[0]?.running ? null : 'No worker has a heartbeat. Start one: everwarm work.';
}

async function failingProblem(db: Database): Promise<string | null> {
  const { rows } = await db.query<{ count: string; error: string | null; name: string | null }>(
    'select count(*)::text as count, min(l.error) as error, min(g.name) as name from everwarm.ledger l join everwarm.generations g on g.id = l.generation where l.error is not null',
  );
  const { count = '0', error = null, name = null } = rows[0] ?? {};
  return count === '0' ? null : `${count} keys cannot be computed, e.g. of ${name}: ${error}`;
}
