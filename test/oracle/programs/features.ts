import type { Random } from '@everwarm/testkit';

/** What a program may have. Each run has some of it only: what always comes together hides what each alone would show. */
export const features = [
  'casing',
  'odd names',
  'several schemas',
  'composite keys',
  'keys of every kind',
  'self-references',
  'join tables',
  'constraints',
  'references to other columns',
  'references of another kind',
  'one to one',
  'generated columns',
  'virtual columns',
  'partitioned tables',
  'columns of every kind',
  'nested conditions',
  'extras',
  'written SQL',
  'embedding',
  'transforms',
  'time',
  'moments that pass',
  'facts outside the database',
  'definition changes',
  'hand-written SQL',
  'through',
  'aggregates',
  'nested aggregates',
  'limits',
  'nulls first and last',
  'deep',
  'lists',
  'short lists in Redis',
  'counted lists',
  'partitions',
  'partitions through a join',
  'written inline',
  'filled when read',
  'evictions',
] as const;

/** One of them. */
export type Feature = (typeof features)[number];

/** Whether a feature is on in this run. */
export type Swarm = (feature: Feature) => boolean;

/** Turns each feature on or off. */
export function randomSwarm(random: Random): Swarm & { readonly on: readonly Feature[] } {
  const share = random.pick([0.3, 0.5, 0.8]);
  const on = features.filter(() => random.chance(share));
  return Object.assign((feature: Feature) => on.includes(feature), { on });
}
