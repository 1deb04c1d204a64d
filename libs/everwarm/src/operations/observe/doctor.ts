import type { CompiledModel } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { definitionHash } from '#model/compile.ts';
import type { Redis } from '#platform/clients.ts';
import { pendingMigrations } from '#platform/migrate-schema.ts';
import { postgresError } from '#platform/postgres.ts';
import { checkRedis } from '#platform/redis.ts';
import { readFacts } from '#stages/capture/facts.ts';
import { problemsOf } from '#stages/capture/problems.ts';
import { rememberedTables } from '#stages/capture/remembered.ts';
import { type Watch, watchList } from '#stages/capture/watch-list.ts';
import { missingIndexes } from './missing-indexes.ts';
import { outboxProblem } from './pressure.ts';
import { quarantineProblem } from './quarantined.ts';
import { behindProblem } from './redis-status.ts';
import { unkeptAggregates } from './unkept-aggregates.ts';

/** One thing that was looked at; `problem` null when it is well. Without what is `vital` nothing may start. */
export type Diagnosis = { readonly check: string; readonly vital: boolean; readonly problem: string | null };

/** Looks at everything Everwarm stands on and says of each thing whether it is well and, if not, what to do. `url` names Postgres in messages; without `redis` nothing is said of that. Changes nothing. */
export async function examine(db: Database, redis: Redis | null, models: readonly CompiledModel[], url?: string): Promise<Diagnosis[]> {
  const diagnoses: Diagnosis[] = [];
  const look = async (check: string, vital: boolean, action: () => Promise<string | null>) => {
    const problem = await action().catch((error: unknown) => postgresError(error, url).message);
    diagnoses.push({ check, vital, problem });
    return problem === null;
  };
  await look('Postgres is 14 or newer', true, () => checkPostgres(db).then(() => null));
  if (redis) await look('Redis is 6.2 or newer and evicts nothing', true, () => checkRedis(redis).then(() => null));
  const migrated = await look('the schema everwarm is up to date', true, async () =>
    (await pendingMigrations(db)).length === 0 ? null : 'Steps are missing. Run everwarm migrate.',
  );
  if (!migrated) return diagnoses;
  for (const model of models) await look(`${model.name} is in the database`, true, () => generationProblem(db, model));
  for (const watch of watchList(models)) {
    await look(`${watch.table.schema}.${watch.table.name} is captured`, true, () => captureProblem(db, watch));
  }
  await look('every statement has its index', false, () => indexProblem(db, models));
  await look('every generation can be computed', false, () => stalledProblem(db));
  await look('every aggregate is kept as it could be', false, () => unkeptAggregates(db));
  if (redis) await look('Redis has everything', false, () => behindProblem(db, redis));
  await look('the outbox is emptied', false, () => outboxProblem(db));
  await look('a relay is running', false, () => relayProblem(db));
  await look('the fuse holds nothing', false, () => heldProblem(db));
  await look('no key fails', false, () => failingProblem(db));
  await look('no key is in quarantine', false, () => quarantineProblem(db));
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

/** All that is wrong with one table, each with its cure; also after it was renamed. */
async function captureProblem(db: Database, watch: Watch): Promise<string | null> {
  const known = (await rememberedTables(db)).find(({ table }) => table.schema === watch.table.schema && table.name === watch.table.name);
  const [facts] = await readFacts(db, [{ ...watch, known: known?.fingerprint.relation ?? null }]);
  const problems = facts ? problemsOf(watch, facts) : [];
  return problems.length === 0 ? null : problems.map(({ problem, cure }) => `It ${problem}. ${cure}`).join(' ');
}

async function indexProblem(db: Database, models: readonly CompiledModel[]): Promise<string | null> {
  const missing = await missingIndexes(db, models);
  if (missing.length === 0) return null;
  const each = missing.map(({ lookup, sql }) => `for ${lookup.path}: ${sql}`).join('\n');
  return `Without these, what a change costs grows with rows that it does not touch:\n${each}`;
}

async function stalledProblem(db: Database): Promise<string | null> {
  const { rows } = await db.query<{ name: string; id: number; stalled: string }>(
    `select name, id, stalled from everwarm.generations where stalled is not null and state in ('building', 'serving') order by id`,
  );
  if (rows.length === 0) return null;
  const each = rows.map(({ name, id, stalled }) => `${name} (generation ${id}): ${stalled}.`).join(' ');
  return `${each} Bring the schema back to what the definition reads, or declare the model anew and run everwarm migrate. Nothing is lost meanwhile.`;
}

async function generationProblem(db: Database, model: CompiledModel): Promise<string | null> {
  const { rows } = await db.query<{ state: string }>(
    `select state from everwarm.generations where name = $1 and hash = $2 and state <> 'dropped'`,
    [model.name, definitionHash(model)],
  );
  return rows[0] ? null : 'This definition has no generation. Run everwarm migrate.';
}

async function heldProblem(db: Database): Promise<string | null> {
  const { rows } = await db.query<{ id: string; name: string; path: string; keys: string }>(
    `select f.id::text, g.name, f.path, f.estimate::text as keys from everwarm.fan_outs f join everwarm.generations g on g.id = f.generation
where f.state = 'held' and g.state <> 'dropped' order by f.id limit 10`,
  );
  if (rows.length === 0) return null;
  const each = rows.map(({ id, name, path, keys }) => `${id} at ${path} (about ${keys} documents of ${name})`).join(', ');
  return `Changes that dirty more than the fuse allows are held: ${each}. Decide with everwarm fuse release or discard.`;
}

async function relayProblem(db: Database): Promise<string | null> {
  const { rows } = await db.query<{ running: boolean }>(
    `select coalesce(heartbeat > clock_timestamp() - interval '5 seconds', false) as running from everwarm.relay`,
  );
  return rows[0]?.running ? null : 'No worker has a heartbeat. Start one: everwarm work.';
}

async function failingProblem(db: Database): Promise<string | null> {
  const { rows } = await db.query<{ count: string; error: string | null; name: string | null }>(
    'select count(*)::text as count, min(l.error) as error, min(g.name) as name from everwarm.ledger l join everwarm.generations g on g.id = l.generation where l.attempts > 0 and g.stalled is null',
  );
  const { count = '0', error = null, name = null } = rows[0] ?? {};
  return count === '0' ? null : `${count} keys cannot be computed and are tried again, e.g. of ${name}: ${error}`;
}
