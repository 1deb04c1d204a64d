import { categoryPosts, postCard, postDetail } from '@everwarm/blog';
import { Redis } from 'ioredis';
import type { Bench, Result, Scenario } from '../scenario.ts';
import { createWarmBlog, findPrefix, type WarmBlog } from '../warm-blog.ts';
import { asksWith, postRequests, type Request } from './ask.ts';
import { findListKeys } from './lists.ts';
import { pageRequests, pageSize } from './pages.ts';
import { type AskedServer, askAll, connections, type Question } from './question.ts';
import { bareCardPrefix, barePrefix, copyBareDocuments, memoryEnv, type Servers, withServers } from './servers.ts';
import { askUnderWrites } from './under-writes.ts';

const posts = 1000;
const allPosts = 3000;
const categories = 20;
const ofMany = 50;
const ttlSeconds = 60;
/** Longer than the run: what is compared at rest is answers from memory, all of them. */
const bentoTtl = '1h';

/** How many requests a second one process serves over HTTP. The API is the one that users run, tags and headers included. */
export const read: Scenario = {
  name: 'read',
  what: `documents, many of them and list pages over HTTP, ${connections} connections, ${posts} posts at random; then under writes`,
  async run(bench) {
    const redis = new Redis(bench.servers.redisUrl);
    const blog = await createWarmBlog(bench, redis, { models: [postDetail, postCard, categoryPosts] }).catch((error: unknown) => {
      redis.disconnect();
      throw error;
    });
    try {
      bench.log(`  asked by ${asksWith}`);
      const env = await prepareFloors(bench, blog, redis);
      const results: Result[] = [];
      for (const question of questions)
        results.push(
          ...(await withServers(bench, { blog, env }, async (servers) => askAll(bench, await question(servers, bench.profile)))),
        );
      results.push(...(await askUnderWrites(bench, blog, posts)));
      return results;
    } finally {
      redis.disconnect();
      await blog.database.drop();
    }
  },
};

/** Gives the floors the same bytes, and returns what they and the rivals are started with. */
async function prepareFloors(bench: Bench, blog: WarmBlog, redis: Redis): Promise<Readonly<Record<string, string>>> {
  await copyBareDocuments(redis, blog.prefix, posts);
  const cards = await findPrefix(redis, (document) => !document.includes('"comments":['));
  await copyBareDocuments(redis, cards, allPosts, bareCardPrefix);
  const list = await findListKeys(redis, '1');
  return {
    DATABASE_URL: blog.database.url,
    REDIS_URL: bench.servers.redisUrl,
    BARE_PREFIX: barePrefix,
    CACHE_TTL: String(ttlSeconds),
    BENTO_TTL: bentoTtl,
    CARD_PREFIX: bareCardPrefix,
    LIST_PAGE: list.page,
    LIST_ENTRIES: list.entries,
  };
}

const details = postRequests(posts);

async function side(name: string, url: Promise<string>, requests: readonly Request[] = details): Promise<AskedServer> {
  return { name, url: await url, requests };
}

/** A row each: starts what it compares and says what that is asked. */
const questions: readonly ((servers: Servers, profile: string | undefined) => Promise<Question>)[] = [
  async ({ api, process }) => ({
    row: 'post detail from Redis',
    everwarm: await side('everwarm', api()),
    others: [
      await side('constant buffer', process('constant.ts')),
      await side('bare Redis route', process('bare-redis.ts')),
      await side('findFirst', process('find-first.ts')),
      await side(`cache-aside, ttl ${ttlSeconds} s`, process('cache-aside.ts')),
    ],
  }),
  async ({ api, process }) => {
    const everwarm = await side('everwarm', api(memoryEnv));
    await expectMemory(everwarm.url);
    return {
      row: 'post detail from memory',
      everwarm,
      others: [
        await side('constant buffer', process('constant.ts')),
        await side('findFirst', process('find-first.ts')),
        await side('bentocache, all hits', process('bento.ts', { BENTO_AS_THEY_ARE: 'yes' })),
      ],
    };
  },
  async ({ api }) => {
    const its200 = await side('its 200', api());
    return { row: 'post detail, 304', everwarm: { ...its200, name: 'everwarm', requests: await known(its200) }, others: [its200] };
  },
  async ({ process }, profile) => ({
    row: `${ofMany} post details at once`,
    everwarm: await side('everwarm', process('many.ts', {}, profile), manyRequests()),
    others: [await side('bare MGET route', process('bare-many.ts'), manyRequests())],
  }),
  async ({ api, process }) => {
    const url = await api();
    const pages = await pageRequests(url, categories);
    return {
      row: `page of ${pageSize} cards`,
      everwarm: { name: 'everwarm', url, requests: pages },
      others: [
        await side('bare route, same commands', process('bare-list.ts', { BARE_PAGES: 'transaction' }), pages),
        await side('bare route, same script', process('bare-list.ts', { BARE_PAGES: 'script' }), pages),
      ],
    };
  },
];

/** Otherwise a row would be called what it is not. */
async function expectMemory(url: string): Promise<void> {
  for (let time = 0; time < 10; time++) if ((await fetch(`${url}/posts/1`)).headers.get('everwarm-tier') === 'memory') return;
  throw new Error(`${url} does not answer from its own memory, though it is told to keep what it has shown.`);
}

/** Requests for many posts at once: as many random sets as there are posts. */
function manyRequests(): readonly Request[] {
  return Array.from({ length: posts }, (_, first) => {
    const ids = Array.from({ length: ofMany }, (_unused, index) => 1 + ((first * 37 + index * 61) % posts));
    return { path: `/posts?ids=${ids.join(',')}` };
  });
}

/** The same requests by whoever has the answers already. */
async function known({ url, requests }: AskedServer): Promise<readonly Request[]> {
  const tagged: Request[] = [];
  for (const { path } of requests) tagged.push({ path, ifNoneMatch: (await fetch(url + path)).headers.get('etag') ?? '' });
  return tagged;
}
