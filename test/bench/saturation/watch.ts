import { setTimeout as pause } from 'node:timers/promises';
import type { Everwarm } from 'everwarm';
import { memoryOf } from '../memory-of.ts';
import type { Canaries } from './canaries.ts';

/** What was seen of a system under load. */
export type Watched = {
  /** The most memory of the worker process, in MB. */
  readonly mostMemory: number;
  /** The least that lag was told to be, as a share of what canaries proved it to be at that moment; 1 or more is honest. */
  readonly leastLagShare: number;
  /** How many canaries were old enough to hold lag against. */
  readonly compared: number;
  readonly longestLagMs: number;
  readonly slowestStatusMs: number;
};

/** Canaries younger than this prove nothing: to ask takes time too, in milliseconds. */
const leastAgeMs = 250;
const everyMs = 250;

/** Watches memory and lag, and writes canaries, until the function it returns is called. */
export function watch(everwarm: Everwarm, pid: number, canaries: Canaries): () => Promise<Watched> {
  let stopping = false;
  const seen = { mostMemory: 0, leastLagShare: Number.POSITIVE_INFINITY, compared: 0, longestLagMs: 0, slowestStatusMs: 0 };
  const look = async () => {
    await canaries.write();
    const before = canaries.oldest();
    const asked = performance.now();
    const { models, outbox } = await everwarm.status();
    seen.slowestStatusMs = Math.max(seen.slowestStatusMs, performance.now() - asked);
    const told = Math.max(outbox.oldestMs, ...models.map(({ lagMs }) => lagMs));
    seen.longestLagMs = Math.max(seen.longestLagMs, told);
    // Not written all the while: so lag was at least its age when it was asked for.
    const age = before !== null && canaries.oldest() === before ? asked - before : 0;
    if (age > leastAgeMs) {
      seen.compared++;
      seen.leastLagShare = Math.min(seen.leastLagShare, told / age);
    }
    seen.mostMemory = Math.max(seen.mostMemory, await memoryOf(pid));
  };
  const watching = (async () => {
    while (!stopping) {
      await look();
      await pause(everyMs);
    }
  })();
  return async () => {
    stopping = true;
    await watching;
    return seen;
  };
}
