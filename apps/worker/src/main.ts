import { readModels, schema } from '@everwarm/blog';
import closeWithGrace from 'close-with-grace';
import { drizzle } from 'drizzle-orm/node-postgres';
import { createEverwarm, EverwarmError } from 'everwarm';
import pg from 'pg';
import { pino } from 'pino';
import { logFailure } from './log-failure.ts';
import { type Loop, publishDuePosts } from './publish-due-posts.ts';
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
  let publishing: Loop | undefined;
  // A start that fails says why itself.
  const onError = (error: unknown, during: string) => publishing && logFailure(log, error, during);
  const everwarm = createEverwarm({ postgres: databaseUrl, redis: redisUrl, readModels, onError });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1, application_name: 'everwarm-publish-due' });
  // An idle connection that ends is replaced at the next turn, which reports what matters.
  pool.on('error', () => undefined);

  // A little longer than the engine gives its own batches, so that it is the one to say what was not finished.
  closeWithGrace({ delay: 12_000, logger: log }, async ({ err }) => {
    if (err) log.fatal({ err }, 'the worker ends');
    await publishing?.stop();
    await everwarm.stop();
    await pool.end();
  });

  await everwarm.start();
  publishing = publishDuePosts(drizzle({ client: pool, schema }), onError);
  console.log('worker ready');
}
