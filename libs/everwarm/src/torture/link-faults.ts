import type { Fault, Link, Random, ServerName, Stage } from './types.ts';

type Damage = (link: Link, random: Random) => void;

const cut: Damage = (link) => link.cut();
const stall: Damage = (link) => link.stall();
const slow: Damage = (link, random) => link.slow(random.integer(20, 150));

/** Does something to links until it is over. Everybody's, or those of one process that is drawn. */
function linkFault(
  name: string,
  { server, whose, damage, lasts, quick }: Pick<Fault, 'lasts' | 'quick'> & { server: ServerName; whose: 'all' | 'one'; damage: Damage },
): Fault {
  return {
    name,
    needs: [],
    // A process whose link is broken cannot be restarted meanwhile.
    grips: [server, 'workers', 'readers'],
    lasts,
    quick,
    inject: async (stage, random) => {
      const links = (whose === 'all' ? stage.processes : [random.pick(stage.processes)]).map((one) => one.links[server]);
      for (const link of links) damage(link, random);
      return async () => {
        for (const link of links) link.heal();
      };
    },
  };
}

/** One worker loses everything while others go on, and what it had sent arrives when they have taken its place. */
const isolatedWorker: Fault = {
  name: 'isolated-worker',
  needs: [],
  grips: ['workers', 'postgres', 'redis'],
  lasts: [8000, 20_000],
  quick: false,
  inject: async (stage, random) => {
    const links = Object.values(random.pick(stage.processes.filter(({ role }) => role === 'worker')).links);
    for (const link of links) link.stall();
    return async () => {
      for (const link of links) link.heal();
    };
  },
};

/** What can happen to the network between each process and each server. */
export const linkFaults: readonly Fault[] = [
  linkFault('redis-outage-1s', { server: 'redis', whose: 'all', damage: cut, lasts: [1000, 1000], quick: true }),
  linkFault('redis-outage-20s', { server: 'redis', whose: 'all', damage: cut, lasts: [20_000, 20_000], quick: false }),
  linkFault('redis-outage-120s', { server: 'redis', whose: 'all', damage: cut, lasts: [120_000, 120_000], quick: false }),
  linkFault('postgres-outage', { server: 'postgres', whose: 'all', damage: cut, lasts: [500, 8000], quick: true }),
  linkFault('half-open-redis', { server: 'redis', whose: 'all', damage: stall, lasts: [2000, 15_000], quick: false }),
  linkFault('half-open-redis-of-one', { server: 'redis', whose: 'one', damage: stall, lasts: [2000, 8000], quick: true }),
  linkFault('half-open-postgres', { server: 'postgres', whose: 'all', damage: stall, lasts: [2000, 15_000], quick: false }),
  linkFault('half-open-postgres-of-one', { server: 'postgres', whose: 'one', damage: stall, lasts: [2000, 8000], quick: true }),
  linkFault('slow-redis', { server: 'redis', whose: 'all', damage: slow, lasts: [3000, 8000], quick: false }),
  linkFault('slow-postgres', { server: 'postgres', whose: 'all', damage: slow, lasts: [3000, 8000], quick: false }),
  isolatedWorker,
];

/** Every link of every process leads to where the servers are now. */
export function pointToServers(stage: Stage): void {
  for (const { links } of stage.processes) {
    links.postgres.pointTo(stage.postgresUrl());
    links.redis.pointTo(stage.redisUrl());
  }
}
