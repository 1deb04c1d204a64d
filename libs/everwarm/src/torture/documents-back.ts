import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '#contracts/database.ts';
import { documentKey, projectionTable } from '#contracts/names.ts';
import { readEpoch } from '#platform/epoch.ts';
import { openPostgres } from '#platform/postgres.ts';
import { openRedis } from '#platform/redis.ts';
import type { Stage } from './types.ts';

/** How long it may take until everything was compared once, in milliseconds; what is missing after that the judge finds. */
const withinMs = 60_000;
const lookEveryMs = 500;

/** Waits until Redis holds again what it should of these keys, by their names there: documents that Postgres has. */
export async function documentsBack(stage: Stage, names: ReadonlySet<string>): Promise<void> {
  const postgres = openPostgres(stage.postgresUrl(), { max: 1 });
  const redis = openRedis(stage.redisUrl(), 'worker');
  try {
    await redis.connect().catch(() => undefined);
    const until = performance.now() + withinMs;
    const isMissing = async () => {
      const wanted = (await documentNames(postgres.transactions, stage.namespace)).filter((name) => names.has(name));
      return wanted.length > 0 && (await redis.exists(...wanted)) < wanted.length;
    };
    // A server that another fault took away is asked again.
    while (performance.now() < until && (await isMissing().catch(() => true))) await pause(lookEveryMs);
  } finally {
    redis.disconnect();
    await postgres.close();
  }
}

async function documentNames(db: Database, namespace: string): Promise<string[]> {
  const { space: epoch } = await readEpoch(db);
  const { rows } = await db.query<{ id: number }>(
    `select id from everwarm.generations where model ->> 'kind' = 'document' and state in ('serving', 'previous') order by id`,
  );
  const names: string[] = [];
  for (const { id } of rows) {
    const { rows: live } = await db.query<{ key: string }>(`select key from everwarm.${projectionTable(id)} where doc is not null`);
    names.push(...live.map(({ key }) => documentKey({ namespace, epoch }, id, key)));
  }
  return names;
}
