import type { ChainableCommander, Redis } from 'ioredis';
import { reached, stepsAreWatched } from '#contracts/steps.ts';
import type { FencedCommands } from './scripts.ts';

/** A connection that knows the fenced writes. */
export type FencedRedis = Redis & FencedCommands;

/** A pipeline of such a connection. */
export type FencedPipeline = ChainableCommander & {
  [C in keyof FencedCommands]: (...args: Parameters<FencedCommands[C]>) => ChainableCommander;
};

/**
 * Sends one pipeline with what `add` puts into it for each item, in order, and gives the replies. Rejects with the first error.
 * Where somebody watches steps it is sent in two halves, so that a crash can come between them.
 */
export async function executeEach<T>(
  redis: FencedRedis,
  items: readonly T[],
  add: (pipeline: FencedPipeline, item: T) => void,
): Promise<unknown[]> {
  const send = async (some: readonly T[]) => {
    const pipeline = redis.pipeline() as FencedPipeline;
    for (const item of some) add(pipeline, item);
    return execute(pipeline);
  };
  if (!stepsAreWatched()) return send(items);
  const middle = items.length >> 1;
  const first = await send(items.slice(0, middle));
  reached('publish.half');
  return [...first, ...(await send(items.slice(middle)))];
}

/** Sends a pipeline and gives its replies. Rejects with the first error among them. */
export async function execute(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? [];
  for (const [error] of replies) if (error) throw error;
  return replies.map(([, reply]) => reply);
}
