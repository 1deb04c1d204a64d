/** The client libraries' types, for folders that receive clients and construct none. */
export type { Queue } from 'bullmq';
export type { Redis } from 'ioredis';
export type { Pool } from 'pg';
