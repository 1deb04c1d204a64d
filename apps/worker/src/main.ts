import { readModels, schema } from '@everwarm/blog';
import closeWithGrace from 'close-with-grace';
import { drizzle } from 'drizzle-orm/node-postgres';
import { createEverwarm, EverwarmError } from 'everwarm';
import { Redis } from 'ioredis';
import pg from 'pg';
import { pino } from 'pino';
import { startChores } from './chores.ts';
import { logFailure } from './log-failure.ts';
import type { Repeated } from './repeat.ts';
import { readSettings } from './settings.ts';

try {
  await main();
} catch (error) {
  // What is wrong with the surroundings is said in one line; a stack is for what is wrong with the code.
  console.error(error instanceof EverwarmError ? `worker: ${error.message}` : error);
  process.exit(1);
}

async function main(): Promise<void> {
  const { databaseUrl, redisUrl, logLevel } = readSettings(process.env);
  const log = pino({ name: 'worker', level: logLevel });
  let chores: Repeated | undefined;
  // A start that fails says why itself.
  const onError = (error: unknown, during: string) => chores && logFailure(log, error, during);
  const everwarm = createEverwarm({ postgres: databaseUrl, redis: redisUrl, readModels, onError });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1, application_name: 'everwarm-chores' });
  // An idle connection that ends is replaced at the next turn, which reports what matters.
  pool.on('error', () => undefined);
  // Redis is said to be away by the chore that needs it, not by its client.
  const store = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1, commandTimeout: 2000 });
  store.on('error', () => undefined);

  // A little longer than the engine gives its own batches, so that it is the one to say what was not finished.
  closeWithGrace({ delay: 12_000, logger: log }, async ({ err }) => {
    if (err) log.fatal({ err }, 'the worker ends');
    await chores?.stop();
    await everwarm.stop();
    store.disconnect();
    await pool.end();
  });

  await everwarm.start();
  chores = startChores({ db: drizzle({ client: pool, schema }), store, onError });
  console.log('worker ready');
}
