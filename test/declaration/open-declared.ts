import { randomBytes } from 'node:crypto';
import { createDatabase, providedServers } from '@everwarm/testkit';
import { type AnyModel, createEverwarm, type Everwarm, type EverwarmConfig, type KeyInput, type ReadModel } from 'everwarm';
import type { Pool } from 'pg';
import { onTestFinished } from 'vitest';

/** Some tables and the read models over them, kept by an Everwarm of this process. */
export type Declared = {
  readonly pool: Pool;
  readonly everwarm: Everwarm;
  /** What the pipeline survived, in its own words. */
  readonly failures: readonly string[];
  /** Runs a statement, waits until nothing is owed, and gives the document's text; null for none. */
  readonly after: (sql: string, model: ReadModel, key: KeyInput) => Promise<string | null>;
  /** The document's text as it stands. */
  readonly text: (model: ReadModel, key: KeyInput) => Promise<string | null>;
};

/** Creates the tables in a database of the test's own and, unless told otherwise, starts. Everything is closed when the test is over. */
export async function openDeclared(
  tables: string,
  readModels: readonly AnyModel[],
  { start = true, ...config }: Partial<EverwarmConfig> & { readonly start?: boolean } = {},
): Promise<Declared> {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await database.pool.query(tables);
  const failures: string[] = [];
  const everwarm = createEverwarm({
    postgres: database.urlFor('everwarm'),
    redis: providedServers().redisUrl,
    namespace: `declared-${randomBytes(6).toString('hex')}`,
    readModels,
    onError: (error, during) => failures.push(`${during}: ${error instanceof Error ? error.message : String(error)}`),
    ...config,
  });
  onTestFinished(() => everwarm.stop());
  if (start) {
    await everwarm.migrate();
    await everwarm.start();
    await everwarm.settled();
  }
  const text = async (model: ReadModel, key: KeyInput) => (await everwarm.reader.raw(model, key))?.body.toString() ?? null;
  const after = async (sql: string, model: ReadModel, key: KeyInput) => {
    await database.pool.query(sql);
    await everwarm.settled();
    return text(model, key);
  };
  return { pool: database.pool, everwarm, failures, after, text };
}
