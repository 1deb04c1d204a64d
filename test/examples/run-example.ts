import { createDatabase, createRedis, spawnNode } from '@everwarm/testkit';
import { onTestFinished } from 'vitest';

/** Runs an example as it is, on a database and a Redis of its own. Returns its exit code and all it printed. */
export async function runExample(name: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const [database, redis] = await Promise.all([createDatabase(), createRedis()]);
  const child = spawnNode(`examples/${name}/main.ts`, { env: { DATABASE_URL: database.url, REDIS_URL: redis.url } });
  onTestFinished(async () => {
    await child.stop();
    await redis.stop();
    await database.drop();
  });
  const { code } = await child.exited;
  return { code, output: child.output() };
}
