import { isDeepStrictEqual } from 'node:util';
import type { NodeProcess } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { compare } from '../compare.ts';
import { inTurns } from '../rounds.ts';
import type { Bench, Scenario } from '../scenario.ts';
import { startProcess } from '../start-process.ts';
import { formatNumber } from '../table.ts';
import { createWarmBlog } from '../warm-blog.ts';
import { askForPosts, asksWith } from './ask.ts';
import { barePrefix, copyBareDocuments, startApi } from './servers.ts';

const connections = 50;
const posts = 1000;
const warmUpSeconds = 3;
const ttlSeconds = 60;

/** Floors first, then rivals; the file is the process that serves it. */
const others = [
  { name: 'constant buffer', file: 'constant.ts' },
  { name: 'bare Redis route', file: 'bare-redis.ts' },
  { name: 'findFirst', file: 'find-first.ts' },
  { name: `cache-aside, ttl ${ttlSeconds} s`, file: 'cache-aside.ts' },
] as const;

/** How many post details a second one process serves over HTTP. The API is the one that users run, tags and headers included. */
export const read: Scenario = {
  name: 'read',
  what: `post detail over HTTP from the API, ${connections} connections, ${posts} posts at random; no worker runs`,
  async run(bench) {
    const redis = new Redis(bench.servers.redisUrl);
    const servers: NodeProcess[] = [];
    const blog = await createWarmBlog(bench, redis).catch((error: unknown) => {
      redis.disconnect();
      throw error;
    });
    try {
      await copyBareDocuments(redis, blog.prefix, posts);
      const start = async (name: string, starting: Promise<NodeProcess>) => {
        const server = await starting;
        servers.push(server);
        const url = /listening on (\S+)/.exec(await server.waitForLine(/listening on/))?.[1] ?? '';
        return { name, url, measure: () => measure(bench, url) };
      };
      const sides = [await start('everwarm', startApi(bench, blog))];
      const env = {
        DATABASE_URL: blog.database.url,
        REDIS_URL: bench.servers.redisUrl,
        BARE_PREFIX: barePrefix,
        CACHE_TTL: String(ttlSeconds),
      };
      for (const { name, file } of others) sides.push(await start(name, startProcess(`test/bench/processes/${file}`, { env })));
      await checkAnswers(sides);
      bench.log(`  asked by ${asksWith}`);
      const measured = await inTurns(bench.rounds, sides, (name, round, measures) =>
        bench.log(`  round ${round}  ${name.padEnd(22)}  ${formatNumber(measures['requests'] ?? 0)} requests/s`),
      );
      return others.map(({ name }) =>
        compare({
          scenario: 'read',
          row: `post detail, ${connections} connections`,
          unit: 'requests/s',
          better: 'higher',
          measure: 'requests',
          everwarm: measured.get('everwarm'),
          against: name,
          other: measured.get(name),
        }),
      );
    } finally {
      redis.disconnect();
      for (const server of servers) await server.stop();
      await blog.database.drop();
    }
  },
};

async function measure({ seconds = 8 }: Bench, url: string): Promise<{ requests: number }> {
  const asked = { url, posts, connections };
  await askForPosts({ ...asked, seconds: warmUpSeconds });
  return { requests: await askForPosts({ ...asked, seconds }) };
}

/** Throws unless every server answers with the same document: otherwise they would not do the same work. */
async function checkAnswers(sides: readonly { readonly name: string; readonly url: string }[]): Promise<void> {
  const answers = await Promise.all(sides.map(async ({ url }) => (await fetch(`${url}/posts/1`)).json()));
  for (const [index, answer] of answers.entries()) {
    if (!isDeepStrictEqual(answer, answers[0]))
      throw new Error(`"${sides[index]?.name}" answers with another post 1:\n${JSON.stringify(answer)}\n${JSON.stringify(answers[0])}`);
  }
}
