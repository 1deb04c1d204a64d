import type { Redis } from '#platform/clients.ts';
import { type EvictVerbParts, type EvictVerbs, evictVerbs } from './operations/evict/evict-verbs.ts';
import type { FencedRedis } from './stages/write-through/fenced-pipeline.ts';
import { withFencedCommands } from './stages/write-through/scripts.ts';

/** What evicting is opened with: `connect` gives a connection of its own, not yet connected, and closed by the caller. */
export type EvictingParts = Omit<EvictVerbParts, 'redis'> & { readonly connect: () => Redis };

/** The verbs of eviction on a connection that is opened when the first of them is used; Redis may be away. */
export function openEvicting({ connect, ...parts }: EvictingParts): EvictVerbs {
  let connecting: Promise<FencedRedis> | null = null;
  const open = async () => {
    const redis = withFencedCommands(connect());
    await redis.connect().catch(() => undefined);
    return redis;
  };
  return evictVerbs({
    ...parts,
    redis: () => {
      connecting ??= open();
      return connecting;
    },
  });
}
