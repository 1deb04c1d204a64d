import { categoryPosts, postCard, postDetail } from '@everwarm/blog';
import type { NodeProcess } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import type { Bench, Result, Scenario } from '../scenario.ts';
import { startProcess } from '../start-process.ts';
import { createWarmBlog, findPrefix, type WarmBlog } from '../warm-blog.ts';
import { asksWith, postRequests, type Request } from './ask.ts';
import { findListKeys } from './lists.ts';
import { pageRequests, pageSize } from './pages.ts';
import { type AskedServer, askAll, connections, type Question } from './question.ts';
import { bareCardPrefix, barePrefix, copyBareDocuments, memoryEnv, startApi, urlOf } from './servers.ts';
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
    const servers: NodeProcess[] = [];
    const blog = await createWarmBlog(bench, redis, { models: [postDetail, postCard, categoryPosts] }).catch((error: unknown) => {
      redis.disconnect();
      throw error;
    });
    try {
      bench.log(`  asked by ${asksWith}`);
      const results: Result[] = [];
      for (const question of await prepare(bench, blog, redis, servers)) results.push(...(await askAll(bench, question)));
      results.push(...(await askUnderWrites(bench, blog, posts)));
      return results;
    } finally {
      redis.disconnect();
      for (const server of servers) await server.stop();
      await blog.database.drop();
    }
  },
};

/** Starts all servers, which cost nothing while they are not asked, and says what each is asked. */
async function prepare(bench: Bench, blog: WarmBlog, redis: Redis, running: NodeProcess[]): Promise<readonly Question[]> {
  await copyBareDocuments(redis, blog.prefix, posts);
  const cards = await findPrefix(redis, (document) => !document.includes('"comments":['));
  await copyBareDocuments(redis, cards, allPosts, bareCardPrefix);
  const list = await findListKeys(redis, '1');
  const env = {
    DATABASE_URL: blog.database.url,
    REDIS_URL: bench.servers.redisUrl,
    BARE_PREFIX: barePrefix,
    CACHE_TTL: String(ttlSeconds),
    BENTO_TTL: bentoTtl,
    CARD_PREFIX: bareCardPrefix,
    LIST_PAGE: list.page,
    LIST_ENTRIES: list.entries,
  };
  const started = async (starting: Promise<NodeProcess>): Promise<string> => {
    const server = await starting;
    running.push(server);
    return urlOf(server);
  };
  const start = (file: string, more: Readonly<Record<string, string>> = {}, folder?: string) =>
    started(startProcess(`test/bench/processes/${file}`, { env: { ...env, ...more }, profile: folder }));
  const details = postRequests(posts);
  const side = async (name: string, url: Promise<string>, requests: readonly Request[] = details): Promise<AskedServer> => ({
    name,
    url: await url,
    requests,
  });

  const api = await side('everwarm', started(startApi(bench, blog)));
  const inMemory = await side('everwarm', started(startApi(bench, blog, memoryEnv)));
  await expectMemory(inMemory.url);
  const constant = await side('constant buffer', start('constant.ts'));
  const findFirst = await side('findFirst', start('find-first.ts'));
  const many = manyRequests();
  const pages = await pageRequests(api.url, categories);
  return [
    {
      row: 'post detail from Redis',
      everwarm: api,
      others: [
        constant,
        await side('bare Redis route', start('bare-redis.ts')),
        findFirst,
        await side(`cache-aside, ttl ${ttlSeconds} s`, start('cache-aside.ts')),
      ],
    },
    {
      row: 'post detail from memory',
      everwarm: inMemory,
      others: [constant, findFirst, await side('bentocache, all hits', start('bento.ts', { BENTO_AS_THEY_ARE: 'yes' }))],
    },
    {
      row: 'post detail, 304',
      everwarm: { ...api, requests: await known(api) },
      others: [{ ...api, name: 'its 200' }],
    },
    {
      row: `${ofMany} post details at once`,
      everwarm: await side('everwarm', start('many.ts', {}, bench.profile), many),
      others: [await side('bare MGET route', start('bare-many.ts'), many)],
    },
    {
      row: `page of ${pageSize} cards`,
      everwarm: { ...api, requests: pages },
      others: [
        await side('bare route, same commands', start('bare-list.ts', { BARE_PAGES: 'transaction' }), pages),
        await side('bare route, same script', start('bare-list.ts', { BARE_PAGES: 'script' }), pages),
      ],
    },
  ];
}

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
