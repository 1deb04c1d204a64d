import { migrateBlog } from '@everwarm/blog';
import { createDatabase, type TestDatabase, type TestServers } from '@everwarm/testkit';

/** How large each thing is made; the ids of posts, categories and authors that are so large. */
export const sizes = {
  comments: [10, 1000, 100_000],
  posts: [10, 10_000, 1_000_000],
  renames: [10, 1000, 10_000],
} as const;

/** Authors 1 to 3 have as many posts as `sizes.renames` says, all in category 4; author 4 wrote everything else. */
export const renamedAuthor = (index: number) => index + 1;

/** Categories 1 to 3 have as many posts as `sizes.posts` says. */
export const categoryOf = (index: number) => index + 1;

/** The posts with id 1 to 3 have as many comments as `sizes.comments` says. They stand in category 4. */
export const postOf = (index: number) => index + 1;

const rest = { author: 4, category: 4 } as const;

const posts = (count: number, author: number, category: number) => `
insert into posts (author_id, category_id, title, body, status, published_at, created_at)
select ${author}, ${category}, 'Post ' || p, 'Short.', 'published', at, at
from generate_series(1, ${count}) p, lateral (select '2021-01-01Z'::timestamptz + p * interval '1 second' as at);`;

const seedSql = `
insert into users (name, created_at) select 'Member ' || u, '2020-01-01Z' from generate_series(1, 4) u;
insert into categories (slug, name) select 'category-' || c, 'Category ' || c from generate_series(1, 4) c;
${posts(sizes.comments.length, rest.author, rest.category)}
${sizes.comments
  .map(
    (count, index) => `insert into comments (post_id, author_id, body, status, created_at)
select ${postOf(index)}, ${rest.author}, 'Remark ' || n, 'approved', '2022-01-01Z'::timestamptz + n * interval '1 second' from generate_series(1, ${count}) n;`,
  )
  .join('\n')}
${sizes.renames.map((count, index) => posts(count, renamedAuthor(index), rest.category)).join('')}
${sizes.posts.map((count, index) => posts(count, rest.author, categoryOf(index))).join('')}
`;

/** A database of the blog with things of each size. The caller must drop it. */
export async function createSizedDatabase(servers: TestServers): Promise<TestDatabase> {
  const database = await createDatabase({ servers });
  await migrateBlog(database.url);
  await database.pool.query(seedSql);
  await database.pool.query('vacuum (analyze)');
  await database.pool.query('checkpoint');
  return database;
}
