import { schema } from '@everwarm/blog';
import closeWithGrace from 'close-with-grace';
import { drizzle } from 'drizzle-orm/node-postgres';
import { EverwarmError } from 'everwarm';
import { createReader } from 'everwarm/reader';
import { Redis } from 'ioredis';
import pg from 'pg';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import { readSettings } from './settings.ts';

try {
  await main();
} catch (error) {
  // What is wrong with the surroundings is said in one line; a stack is for what is wrong with the code.
  console.error(error instanceof EverwarmError ? `api: ${error.message}` : isSystemError(error) ? `api: ${error.message}` : error);
  process.exit(1);
}

async function main(): Promise<void> {
  const { databaseUrl, redisUrl, host, port, logLevel, memoryMb } = readSettings(process.env);
  const reader = createReader({
    postgres: databaseUrl,
    redis: redisUrl,
    ...(memoryMb > 0 && { memory: { maxBytes: memoryMb * 2 ** 20 } }),
  });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10, application_name: 'everwarm-api' });
  // An idle connection that ends is replaced at the next command, which reports what matters.
  pool.on('error', () => undefined);
  // A view whose answer got lost is not sent again: it may be counted already.
  const store = new Redis(redisUrl, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: 1000,
  });
  store.on('error', () => undefined);
  const log = pino({ name: 'api', level: logLevel });
  const app = await buildApp({ reader, db: drizzle({ client: pool, schema }), store, log });

  closeWithGrace({ delay: 10_000, logger: log }, async ({ err }) => {
    if (err) log.fatal({ err }, 'the API ends');
    await app.close();
    store.disconnect();
    await Promise.all([reader.stop(), pool.end()]);
  });

  await reader.connect();
  console.log(`api listening on ${await app.listen({ host, port })}`);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
