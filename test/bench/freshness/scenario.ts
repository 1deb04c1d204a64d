import { createRandom } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { compare } from '../compare.ts';
import { inTurns, type Measures } from '../rounds.ts';
import type { Bench, Scenario } from '../scenario.ts';
import { seeded } from '../seed-blog.ts';
import { stopProcess } from '../start-process.ts';
import { formatNumber } from '../table.ts';
import type { Chain } from './chain.ts';
import { compareDocuments } from './compare-documents.ts';
import { everwarmChain } from './everwarm-chain.ts';
import { handWrittenChain } from './hand-written-chain.ts';
import { observeDocuments } from './observer.ts';
import { offerLoad } from './offered-load.ts';

/** Single-row writes per second. */
const rates = [200, 500] as const;
const warmUpSeconds = 4;

/** How old a document is when a write to its rows reaches a reader. */
export const freshness: Scenario = {
  name: 'freshness',
  what: 'commit to readable in Redis at 200 and 500 writes/s, against a hand-written chain without queue, ledger or versions',
  async run(bench) {
    const redis = new Redis(bench.servers.redisUrl);
    const chains: Chain[] = [];
    try {
      const everwarm = await everwarmChain(bench, redis);
      chains.push(everwarm);
      const floor = await handWrittenChain(bench);
      chains.push(floor);
      bench.log(`  documents are the same on both sides: ${formatNumber(await compareDocuments(redis, everwarm, floor))} bytes on average`);
      const measured = await inTurns(
        bench.rounds,
        [
          { name: 'everwarm', measure: (round) => measure(bench, everwarm, round) },
          { name: 'hand-written chain', measure: (round) => measure(bench, floor, round) },
        ],
        (side, round, measures) => bench.log(`  round ${round}  ${side.padEnd(18)}  ${describe(measures)}`),
      );
      return rates.flatMap((rate) =>
        ['p50', 'p99'].map((share) =>
          compare({
            scenario: 'freshness',
            row: `${share} at ${rate} writes/s`,
            unit: 'ms',
            better: 'lower',
            measure: `${share} at ${rate}`,
            everwarm: measured.get('everwarm'),
            against: 'hand-written chain',
            other: measured.get('hand-written chain'),
          }),
        ),
      );
    } finally {
      redis.disconnect();
      for (const chain of chains) await chain.drop();
    }
  },
};

async function measure(bench: Bench, chain: Chain, round: number): Promise<Measures> {
  await tidy(chain);
  const pool = new Pool({ connectionString: chain.database.urlFor('bench load'), max: 16, min: 16 });
  const observer = await observeDocuments(bench.servers.redisUrl, chain.prefix);
  const random = createRandom(round);
  const child = await chain.start();
  try {
    const load = { pool, observer, random };
    await offerLoad({ ...load, rate: Math.max(...rates), seconds: warmUpSeconds });
    const measures: Record<string, number> = {};
    for (const rate of rates) {
      const { p50, p99, achieved } = await offerLoad({ ...load, rate, seconds: bench.seconds ?? 20 });
      if (achieved < rate * 0.95) bench.log(`  only ${Math.round(achieved)} of ${rate} writes/s were committed: this machine is too busy.`);
      Object.assign(measures, { [`p50 at ${rate}`]: p50, [`p99 at ${rate}`]: p99 });
    }
    return measures;
  } finally {
    observer.stop();
    await pool.end();
    await stopProcess(child);
  }
}

/** Takes away what the last round added, so that documents stay as long as they were, and leaves no checkpoint for this one. */
async function tidy({ database }: Chain): Promise<void> {
  await database.pool.query(`delete from comments where id > ${seeded.posts * seeded.commentsPerPost}`);
  await database.pool.query('vacuum (analyze) comments, posts');
  await database.pool.query('checkpoint');
}

function describe(measures: Measures): string {
  return Object.entries(measures)
    .map(([name, value]) => `${name}/s: ${formatNumber(value)} ms`)
    .join('   ');
}
