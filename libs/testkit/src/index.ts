export { asAdmin, createDatabase, type DatabaseOptions, databaseUrl, type TestDatabase } from './database.ts';
export { type NodeProcess, type NodeProcessExit, type NodeProcessOptions, spawnNode } from './node-process.ts';
export { providedServers } from './provided-servers.ts';
export { createRandom, type Random, seededRandom } from './random.ts';
export { createRedis, type RedisOptions, type TestRedis } from './redis.ts';
export { expectRefusal } from './refusal.ts';
export { startTestServers, type TestServerOptions, type TestServers } from './servers.ts';
export { TestSignal, type WaitOptions, waitFor } from './signals.ts';
export type { DatabaseTemplate } from './template.ts';
