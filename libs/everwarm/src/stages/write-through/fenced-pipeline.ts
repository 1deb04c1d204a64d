import type { ChainableCommander, Redis } from 'ioredis';
import type { FencedCommands } from './scripts.ts';

/** A connection that knows the fenced writes. */
export type FencedRedis = Redis & FencedCommands;

/** A pipeline of such a connection. */
export type FencedPipeline = ChainableCommander & {
  [C in keyof FencedCommands]: (...args: Parameters<FencedCommands[C]>) => ChainableCommander;
};

/** Sends a pipeline and gives its replies. Rejects with the first error among them. */
export async function execute(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? [];
  for (const [error] of replies) if (error) throw error;
  return replies.map(([, reply]) => reply);
}
