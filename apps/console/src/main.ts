import closeWithGrace from 'close-with-grace';
import { EverwarmError } from 'everwarm';
import { Redis } from 'ioredis';
import { buildConsole } from './app.ts';
import { dashboardPath } from './queue-dashboard.ts';
import { readSettings } from './settings.ts';

try {
  await main();
} catch (error) {
  // What is wrong with the surroundings is said in one line; a stack is for what is wrong with the code.
  console.error(isExpected(error) ? `console: ${error.message}` : error);
  process.exit(1);
}

async function main(): Promise<void> {
  const { redisUrl, host, port, token, isTokenNew } = readSettings(process.env);
  // Commands fail at once while Redis is away, so that pages say so instead of waiting.
  const redis = new Redis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectionName: 'everwarm-console',
    lazyConnect: true,
  });
  let lastError: Error | undefined;
  redis.on('error', (error) => {
    lastError = error;
  });
  await redis.connect().catch((error: Error) => {
    throw new EverwarmError(
      'E_REDIS',
      `Redis at ${redis.options.host}:${redis.options.port} cannot be used: ${(lastError ?? error).message}.`,
    );
  });
  const app = await buildConsole({ redis, token });

  closeWithGrace({ delay: 10_000 }, async ({ err }) => {
    if (err) console.error('console ends:', err);
    await app.close();
    redis.disconnect();
  });

  const address = await app.listen({ host, port });
  console.log(`console listening on ${address}`);
  if (isTokenNew) console.log(`EVERWARM_CONSOLE_TOKEN is not set; for this run it is ${token}: ${address}${dashboardPath}?token=${token}`);
}

function isExpected(error: unknown): error is Error {
  return error instanceof EverwarmError || (error instanceof Error && 'syscall' in error);
}
