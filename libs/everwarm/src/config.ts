import { EverwarmError } from '#contracts/errors.ts';
import type { Fuse } from '#contracts/fuse.ts';
import type { AnyModel } from '#model/declare/define.ts';
import type { Casing } from '#model/schema.ts';
import type { PostgresInput } from '#platform/postgres.ts';
import type { RedisInput } from '#platform/redis.ts';
import type { MemoryOptions } from './stages/read/memory.ts';

/** What Everwarm is given. URLs are opened and closed by Everwarm; pools and clients stay the caller's. */
export type EverwarmConfig = {
  /** A URL, or a `pg.Pool`. */
  readonly postgres: PostgresInput;
  /** A URL, or an ioredis client, whose options are copied for connections of our own. */
  readonly redis: RedisInput;
  /** Every document and list model to keep. A list's item model must be among them. */
  readonly readModels: readonly AnyModel[];
  /** The `casing` that the application's `drizzle()` has, if any. */
  readonly casing?: Casing;
  /** A Postgres URL with the right to create schemas and triggers, used by `migrate` alone; the role of `postgres` is granted the rest. */
  readonly ownerUrl?: string;
  /** What all Redis keys and queues begin with. Default `everwarm`. */
  readonly namespace?: string;
  /** What the reader may keep in this process of what Redis said, and for how long. Absent: nothing. */
  readonly memory?: MemoryOptions;
  /** How many batches one process computes at once. Default 4. */
  readonly concurrency?: number;
  /**
   * How many documents of one read model a change may dirty; one that dirties more is held until an operator releases or discards
   * it, and everything else goes on. A number, or numbers by the names of read models; false for no limit. Default 1,000,000.
   */
  readonly fuse?: Fuse;
  /** How large a document may be, in bytes, from 1 KiB to 256 MiB; larger ones are quarantined. Default 8 MiB. */
  readonly maxDocumentBytes?: number;
  /** How long `stop` lets running batches finish, in milliseconds; what is not done then stays owed, and others do it. Default 10,000. */
  readonly graceMs?: number;
  /** Told of failures that the pipeline survives, with ids only. Default: one line each on stderr. */
  readonly onError?: (error: unknown, during: string) => void;
};

/** Types a configuration file. Returns its argument. */
export function defineConfig(config: EverwarmConfig): EverwarmConfig {
  return config;
}

/** Checks what types cannot: values from the environment and names that clash. Throws E_CONFIG. */
export function checkConfig(config: EverwarmConfig): EverwarmConfig {
  const wrong = (what: string) => new EverwarmError('E_CONFIG', what);
  checkUrl('postgres', config.postgres, ['postgres:', 'postgresql:']);
  checkUrl('redis', config.redis, ['redis:', 'rediss:']);
  if (config.ownerUrl !== undefined) checkUrl('ownerUrl', config.ownerUrl, ['postgres:', 'postgresql:']);
  if (!Array.isArray(config.readModels) || config.readModels.length === 0)
    throw wrong('"readModels" is empty. Declare at least one with defineReadModel.');
  const names = new Set<string>();
  for (const model of config.readModels) {
    if (names.has(model.name)) throw wrong(`Two read models are named "${model.name}". Rename one.`);
    names.add(model.name);
  }
  for (const model of config.readModels) {
    if (model.kind === 'list' && !config.readModels.includes(model.item))
      throw wrong(`The list "${model.name}" shows documents of "${model.item.name}", which is not among "readModels". Add it.`);
  }
  if (config.namespace !== undefined && !/^[A-Za-z0-9_.-]{1,64}$/.test(config.namespace))
    throw wrong(`The namespace ${JSON.stringify(config.namespace)} is not 1 to 64 letters, digits, dots, dashes or underscores.`);
  const bytes = config.maxDocumentBytes;
  if (bytes !== undefined && (!Number.isInteger(bytes) || bytes < 1024 || bytes > 256 * 1024 * 1024))
    throw wrong(`"maxDocumentBytes" is ${bytes}; it must be a whole number from 1024 to 268435456.`);
  if (config.graceMs !== undefined && !(config.graceMs >= 0 && config.graceMs <= 3_600_000))
    throw wrong(`"graceMs" is ${config.graceMs}; it must be a number from 0 to 3600000.`);
  if (config.concurrency !== undefined && (!Number.isInteger(config.concurrency) || config.concurrency < 1 || config.concurrency > 64))
    throw wrong(`"concurrency" is ${config.concurrency}; it must be a whole number from 1 to 64.`);
  checkFuse(config);
  return config;
}

function checkFuse({ fuse, readModels }: EverwarmConfig): void {
  const sizes = typeof fuse === 'object' ? Object.entries(fuse) : [[null, fuse] as const];
  for (const [model, size] of sizes) {
    if (model !== null && !readModels.some(({ name }) => name === model))
      throw new EverwarmError(
        'E_CONFIG',
        `"fuse" names "${model}", which is not among "readModels". Known: ${readModels.map(({ name }) => name).join(', ')}.`,
      );
    if (size !== undefined && size !== false && (!Number.isInteger(size) || size < 1))
      throw new EverwarmError('E_CONFIG', `"fuse" is ${String(size)}; it must be a whole number from 1 on, or false.`);
  }
}

function checkUrl(name: string, value: unknown, protocols: readonly string[]): void {
  if (typeof value === 'object' && value !== null) return;
  const protocol = typeof value === 'string' && URL.canParse(value) ? new URL(value).protocol : null;
  if (protocol === null || !protocols.includes(protocol)) {
    throw new EverwarmError(
      'E_CONFIG',
      `"${name}" is not a ${protocols[0]}// URL${value === undefined || value === '' ? ': it is missing' : ''}. Set it in the configuration or the environment.`,
    );
  }
}
