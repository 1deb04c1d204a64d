import { createHash } from 'node:crypto';

/**
 * Every name that Everwarm gives to something outside its own memory: the Postgres schema and its tables, Redis keys,
 * the queue. Spelled nowhere else.
 */

/** Names inside the schema `everwarm` that a read model must not take, since its view would hide or clash with them. */
export const reservedNames: ReadonlySet<string> = new Set([
  'migrations',
  'outbox',
  'outbox_0',
  'outbox_1',
  'outbox_slot',
  'sources',
  'captured',
  'source_marks',
  'generations',
  'ledger',
  'timers',
  'fan_outs',
  'ledger_marks',
  'fan_out_keys',
  'relay',
  'redis_copy',
  'redis_owed',
  'scrub_position',
  'most_read',
  'epochs',
  'ledger_seq',
  'version_seq',
  'touch',
  'inline',
  'acknowledge',
  'quarantine',
  'audits',
  'operations',
  'operator_log',
  'aggregates',
  'aggregate_deltas',
  'aggregate_bases',
  'list_counts',
  'delta',
  'change',
]);

/** The table that holds the documents or entries of one generation. */
export const projectionTable = (generation: number): string => `projection_${generation}`;

/** The events for which a captured table has a trigger. */
export type CaptureEvent = 'insert' | 'update' | 'delete' | 'truncate';

/** The capture function of one table and event (or of rows that move between its partitions), within Postgres's 63 bytes however long the table's name is. */
export function captureFunction(table: { readonly schema: string; readonly name: string }, event: CaptureEvent | 'moved'): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([table.schema, table.name]))
    .digest('hex')
    .slice(0, 10);
  // Postgres counts bytes, and would cut off the hash that tells tables of one name apart.
  const shown = Buffer.from(table.name)
    .subarray(0, 30)
    .toString()
    .replace(/\uFFFD+$/, '');
  return `capture_${event}_${shown}_${hash}`;
}

/** The prefix of every capture trigger; triggers of that prefix on a table are Everwarm's. */
export const captureTriggerPrefix = 'everwarm_capture';

/** BullMQ's queue of recompute jobs. */
export const recomputeQueue = 'recompute';

/** BullMQ's queue of the recompute jobs of one definition that needs a transform, by its hash: old and new code know their own. */
export const laneName = (hash: string): string => `${recomputeQueue}_${hash.slice(0, 16)}`;

/** The prefix under which BullMQ keeps its keys, beside the documents. */
export const queuePrefix = (namespace: string): string => `${namespace}:queue`;

/** The Redis set of the names of all queues that some process opened, those of single definitions included: for dashboards. */
export const queueSetKey = (namespace: string): string => `${namespace}:queues`;

/** The queue that every namespace has, as a dashboard opens it: `new Queue(name, { prefix })`. Those of single definitions: `openedQueues`. */
export const queueNames = (namespace = 'everwarm'): readonly { readonly name: string; readonly prefix: string }[] => [
  { name: recomputeQueue, prefix: queuePrefix(namespace) },
];

/** The pattern of every Redis key of a namespace, queues included. */
export const everyKey = (namespace: string): string => `${namespace}:*`;

/** What one process needs to spell Redis keys: the user's namespace and the epoch of the database. */
export type KeySpace = { readonly namespace: string; readonly epoch: string };

/** The Redis key of one document. */
export const documentKey = (space: KeySpace, generation: number, key: string): string => `${documentPrefix(space, generation)}${key}`;

/**
 * What readers of a document that no store has leave for each other: which of them asks the sources, then for a moment what they said.
 * In one Redis Cluster slot with the document, as long as its key has no braces.
 */
export const leaseKey = (space: KeySpace, generation: number, key: string): string =>
  `${space.namespace}:${space.epoch}:lease:{${documentKey(space, generation, key)}}`;

/** The Redis key of a document's compressed twin. */
export const twinKey = (space: KeySpace, generation: number, encoding: string, key: string): string =>
  `${space.namespace}:${space.epoch}:twin:${generation}:${encoding}:${key}`;

/** What all documents of a generation begin with in Redis. */
export const documentPrefix = (space: KeySpace, generation: number): string => `${space.namespace}:${space.epoch}:${generation}:`;

/** The sorted set of one list partition: its members, in order. In one Redis Cluster slot with {@link entriesKey}. */
export const pageKey = (space: KeySpace, generation: number, partition: string): string => `${listTag(space, generation, partition)}:page`;

/** The hash of one list partition: for each item its version and member, removed ones included. */
export const entriesKey = (space: KeySpace, generation: number, partition: string): string =>
  `${listTag(space, generation, partition)}:entries`;

/** What all keys of a list generation begin with in Redis. */
export const listPrefix = (space: KeySpace, generation: number): string => `${space.namespace}:{${space.epoch}:${generation}:`;

/** What all keys of one epoch begin with in Redis. */
export const epochPrefixes = ({ namespace, epoch }: KeySpace): readonly string[] => [`${namespace}:${epoch}:`, `${namespace}:{${epoch}:`];

/** The mark that says Redis holds what the projection tables hold; gone after a flush, and then everything is written again. */
export const presenceKey = (space: KeySpace): string => `${space.namespace}:${space.epoch}:present`;

/** The channel on which every document that is newly written to Redis is told of, by the script that writes it. */
export const changesChannel = (space: KeySpace): string => `${space.namespace}:${space.epoch}:changes`;

/** What is written to Redis to see whether it takes writes. */
export const probeKey = (space: KeySpace): string => `${space.namespace}:${space.epoch}:probe`;

/** The mark of a rehydration under way; gone after a flush, and then the rehydration begins anew. */
export const rehydrationKey = (space: KeySpace): string => `${space.namespace}:${space.epoch}:rehydrating`;

function listTag(space: KeySpace, generation: number, partition: string): string {
  return `${listPrefix(space, generation)}${partition}}`;
}

/** The advisory lock (two int4) that serialises migrations of the engine's schema. */
export const migrationLock: readonly [number, number] = [0x65766572, 1];

/** The advisory lock (two int4) that one whole run of `migrate` holds, from its first statement to its last. */
export const migrationRunLock: readonly [number, number] = [0x65766572, 3];

/** The advisory lock (two int4) that the active relay holds. */
export const relayLock: readonly [number, number] = [0x65766572, 2];

/**
 * The advisory lock (two int4) of the ledger's marks: shared by transactions that owe keys, from before they look at the marks until they
 * commit; whoever raises a mark holds it alone for that moment.
 */
export const marksLock: readonly [number, number] = [0x65766572, 4];

/** The first int4 of the advisory locks that order writers of one shard of keys; the second is {@link shardLock}. */
export const shardLockSpace = 0x65766573;

/** The first int4 of the advisory locks under which the bases of one aggregate are written; the second is made of its id. */
export const aggregateLockSpace = 0x65766574;

/** How many shards the keys of one generation fall into, one advisory lock each. */
export const shardCount = 1024;
