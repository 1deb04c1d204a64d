import { migrateBlog } from '@everwarm/blog';
import { createDatabase, type DatabaseTemplate, type TestDatabase, type TestServers } from '@everwarm/testkit';
import { Client } from 'pg';

/** What every scenario works on; the ids of posts, users and comments run from 1. */
export const seeded = { posts: 3000, commentsPerPost: 10, users: 500 } as const;

/** Sentences of plain words: text that compresses like text, some 200 characters for each. */
const words = (salt: string, sentences: number) => `(select string_agg(
  'Whoever reads post ' || (${salt} * 7919 % 104729) || ' of the community finds that answer number ' || (${salt} * n * 31 % 9973) ||
  ' says more about bread, rivers and old bicycles than the question asked, and that nobody minded it. ', '' order by n)
  from generate_series(1, ${sentences}) n)`;

const seedSql = (posts: number) => `
insert into users (name, created_at) select 'Member ' || u, '2020-01-01Z'::timestamptz + u * interval '1 hour' from generate_series(1, ${seeded.users}) u;
insert into categories (slug, name) select 'category-' || c, 'Category ' || c from generate_series(1, 20) c;
insert into tags (name) select 'tag-' || t from generate_series(1, 200) t;
insert into posts (author_id, category_id, title, body, status, published_at, created_at)
select 1 + p * 17 % ${seeded.users}, 1 + p % 20, 'Post ' || p, ${words('p', 5)}, 'published', at, at
from generate_series(1, ${posts}) p, lateral (select '2021-01-01Z'::timestamptz + p * interval '1 hour' as at);
insert into post_tags (post_id, tag_id) select p, 1 + (p * 13 + n * 29) % 200 from generate_series(1, ${posts}) p, generate_series(1, 3) n;
insert into comments (post_id, author_id, body, status, created_at)
select p, 1 + (p * 7 + n * 11) % ${seeded.users}, ${words('p + n', 1)}, 'approved', '2022-01-01Z'::timestamptz + (p * 20 + n) * interval '1 minute'
from generate_series(1, ${seeded.commentsPerPost}) n, generate_series(1, ${posts}) p;
insert into post_votes (post_id, user_id, value) select p, 1 + (p + n * 41) % ${seeded.users}, case when n % 4 = 0 then -1 else 1 end
from generate_series(1, ${posts}) p, generate_series(1, 8) n;`;

const template = (posts: number): DatabaseTemplate => ({
  key: `bench ${seedSql(posts)}`,
  build: async (url) => {
    await migrateBlog(url);
    await withClient(url, async (client) => {
      await client.query(seedSql(posts));
      await client.query('vacuum (analyze)');
    });
  },
});

/** A database with the seeded blog. Every one of a run is a copy of the same files, so that no side has the better layout. */
export function createBlogDatabase(servers: TestServers, posts: number = seeded.posts): Promise<TestDatabase> {
  return createDatabase({ template: template(posts), servers });
}

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
