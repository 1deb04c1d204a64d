import { Redis, type RedisOptions } from 'ioredis';
import { EverwarmError } from '#contracts/errors.ts';

/** A URL that Everwarm opens and closes connections for, or a client whose options it copies for connections of its own. */
export type RedisInput = string | Redis;

/**
 * What a connection is for. Reads and writes fail at once when Redis is away, since Postgres answers and the ledger remembers;
 * a worker's connection must wait for ever, as BullMQ asks. A feed is subscribed anew by whoever opened it, after each connection.
 */
export type RedisUse = 'read' | 'feed' | 'write' | 'queue' | 'worker';

/*
 * A connection whose other end has gone without a word stays silent for ever, and every command on it times out. So besides the
 * time that a command may take there is one after which a connection that owes an answer is given up and made anew. A worker's waits
 * in Redis for ten seconds at a time (BullMQ's longest block) and must outlast that.
 */
const uses: Readonly<Record<RedisUse, Omit<RedisOptions, 'replyMapping'>>> = {
  read: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 500, socketTimeout: 1000, connectTimeout: 2000 },
  feed: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 1000, connectTimeout: 2000, autoResubscribe: false },
  write: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 5000, socketTimeout: 6000, connectTimeout: 5000 },
  queue: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 5000, socketTimeout: 6000, connectTimeout: 5000 },
  worker: { maxRetriesPerRequest: null, socketTimeout: 30_000, connectTimeout: 5000 },
};

/** A connection for one use, not yet connected. Its errors are remembered for messages, never thrown out of the blue. */
export function openRedis(input: RedisInput, use: RedisUse): Redis {
  const options: Omit<RedisOptions, 'replyMapping'> = {
    ...uses[use],
    lazyConnect: true,
    connectionName: `everwarm-${use}`,
    keepAlive: 10_000,
    retryStrategy: (times) => Math.min(times * 50, 1000),
    // What was a primary has become a replica: the name may lead to another server by now.
    reconnectOnError: (error) => error.message.includes('READONLY'),
  };
  const redis: Redis = typeof input === 'string' ? new Redis(input, options) : input.duplicate(options);
  redis.on('error', () => undefined);
  return redis;
}

/**
 * Connects, and looks at what answers. Gives null when it can be used, and the reason when it cannot be reached now: the connection
 * goes on trying by itself. Throws E_REDIS when it refuses these credentials and E_REDIS_UNFIT when it is not fit, since time
 * changes neither.
 */
export async function reachRedis(redis: Redis): Promise<EverwarmError | null> {
  let last: unknown;
  const remember = (error: unknown) => {
    last = error;
  };
  redis.on('error', remember);
  try {
    await redis.connect();
    await checkRedis(redis);
    return null;
  } catch (error) {
    const told = redisError(error instanceof EverwarmError ? error : (last ?? error), redis);
    if (told.code !== 'E_REDIS_UNFIT' && !refusal.test(told.message)) return told;
    redis.disconnect();
    throw told;
  } finally {
    redis.off('error', remember);
  }
}

/** Checks that Redis is at least 6.2 and evicts nothing. Read from INFO: managed servers may forbid CONFIG. Throws E_REDIS, E_REDIS_UNFIT. */
export async function checkRedis(redis: Redis): Promise<void> {
  const info = await redis.info().catch((error: unknown) => Promise.reject(redisError(error, redis)));
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const version = field('redis_version') ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 2))
    throw new EverwarmError('E_REDIS_UNFIT', `Redis at ${redisName(redis)} is version ${version}. Everwarm needs 6.2 or newer.`);
  const policy = field('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction') {
    throw new EverwarmError(
      'E_REDIS_UNFIT',
      `Redis at ${redisName(redis)} has maxmemory-policy ${policy}: it would drop jobs and documents. Set it to noeviction.`,
      { context: { policy } },
    );
  }
}

/** What Redis says to those it does not know. */
const refusal = /WRONGPASS|NOAUTH|NOPERM/;

/** An error of the client as one of ours: where, what, and what to do. */
export function redisError(cause: unknown, redis: Redis): EverwarmError {
  if (cause instanceof EverwarmError) return cause;
  const said = cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause);
  // What the client says of a command that it could not even send.
  const message = /Stream isn't writeable|Connection is closed/.test(said) ? 'it cannot be reached' : said;
  const advice = refusal.test(message) ? 'Check user and password.' : 'Start Redis or correct the URL.';
  return new EverwarmError('E_REDIS', `Redis at ${redisName(redis)} cannot be used: ${message}. ${advice}`, { cause });
}

function redisName(redis: Redis): string {
  const { host, port, db, path } = redis.options;
  return path ?? `${host}:${port}/${db ?? 0}`;
}
