import type pg from 'pg';
import { withClient } from '../connect.ts';
import { type CopyValue, copyInto, copyLine } from '../copy-text.ts';
import { migrateBlog } from '../migrate.ts';
import { type Community, writeCommunity } from './community.ts';
import { type GeneratedPost, type GeneratedVote, generatePost } from './post-rows.ts';
import { volumesFor } from './volumes.ts';

/** What to generate: so many posts, always the same for the same seed. */
export type GenerateOptions = {
  readonly posts: number;
  readonly seed: number;
  /** Called after each transaction with the number of posts it stood for. */
  readonly onPosts?: (posts: number) => void;
};

/** Posts per transaction. */
const BATCH = 500;

/**
 * Fills a blog with invented content: members, categories, tags, posts of every status, threaded comments, votes. Who writes,
 * where, and what is read and voted on most is Zipf-distributed. Brings the tables up to date first.
 * May run beside other writers. Killed and run again it adds what is missing; run twice it adds nothing.
 */
export async function generateBlog(databaseUrl: string, { posts, seed, onPosts }: GenerateOptions): Promise<void> {
  await migrateBlog(databaseUrl);
  await withClient(databaseUrl, async (client) => {
    const volumes = volumesFor(posts);
    const community = await writeCommunity(client, seed, volumes);
    for (let start = 0; start < posts; start += BATCH) {
      const indexes = Array.from({ length: Math.min(BATCH, posts - start) }, (_, offset) => start + offset);
      const missing = await missingPosts(client, seed, indexes);
      if (missing.length > 0) {
        await writePosts(
          client,
          seed,
          community,
          missing.map((index) => generatePost(seed, index, volumes)),
        );
      }
      onPosts?.(indexes.length);
    }
  });
}

const externalId = (seed: number, index: number): string => `generated-${seed}/post/${index}`;

async function missingPosts(client: pg.Client, seed: number, indexes: readonly number[]): Promise<number[]> {
  const { rows } = await client.query<{ external_id: string }>('select external_id from posts where external_id = any ($1::text[])', [
    indexes.map((index) => externalId(seed, index)),
  ]);
  const there = new Set(rows.map((row) => row.external_id));
  return indexes.filter((index) => !there.has(externalId(seed, index)));
}

/** Writes posts with all that hangs on them, as one transaction. */
async function writePosts(
  client: pg.Client,
  seed: number,
  { users, categories, tags }: Community,
  posts: readonly GeneratedPost[],
): Promise<void> {
  const comments = posts.flatMap((post) => post.comments);
  const postIds = await reserveIds(client, 'posts', posts.length);
  const commentIds = await reserveIds(client, 'comments', comments.length);
  const copy = (target: string, rows: readonly CopyValue[][]) => (rows.length === 0 ? null : copyInto(client, target, rows.map(copyLine)));
  const vote = (id: number) => (v: GeneratedVote) => [id, v.user === null ? null : users[v.user]!, v.value, v.at.toISOString()];
  let comment = 0;
  await client.query('begin');
  try {
    await copy(
      'posts (id, author_id, category_id, title, body, status, created_at, published_at, scheduled_for, external_id)',
      posts.map((p, i) => {
        const at = p.at.toISOString();
        const published = p.status === 'published' ? at : null;
        const place = [postIds[i]!, users[p.author]!, categories[p.category]!];
        return [...place, p.title, p.body, p.status, at, published, p.scheduledFor?.toISOString() ?? null, externalId(seed, p.index)];
      }),
    );
    await copy(
      'post_tags (post_id, tag_id)',
      posts.flatMap((p, i) => p.tags.map((tag) => [postIds[i]!, tags[tag]!])),
    );
    await copy(
      'comments (id, post_id, author_id, parent_id, body, status, created_at)',
      posts.flatMap((p, i) => {
        const first = comment;
        comment += p.comments.length;
        return p.comments.map((c, n) => {
          const parent = c.parent === null ? null : commentIds[first + c.parent]!;
          return [commentIds[first + n]!, postIds[i]!, users[c.author]!, parent, c.body, c.status, c.at.toISOString()];
        });
      }),
    );
    await copy(
      'post_votes (post_id, user_id, value, created_at)',
      posts.flatMap((p, i) => p.votes.map(vote(postIds[i]!))),
    );
    await copy(
      'comment_votes (comment_id, user_id, value, created_at)',
      comments.flatMap((c, n) => c.votes.map(vote(commentIds[n]!))),
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Takes ids from the table's own sequence, so that rows written by others at the same time get different ones. */
async function reserveIds(client: pg.Client, table: 'posts' | 'comments', count: number): Promise<number[]> {
  const { rows } = await client.query<{ id: string }>('select nextval(pg_get_serial_sequence($1, $2)) as id from generate_series(1, $3)', [
    table,
    'id',
    count,
  ]);
  return rows.map((row) => Number(row.id));
}
