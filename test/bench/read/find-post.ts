import { schema } from '@everwarm/blog';
import { and, eq, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { Pool } from 'pg';

/** Finds a published post by its id; undefined when there is none. */
export type FindPost = (id: number) => Promise<unknown>;

/** The query of `post_detail` as one runs it per request, with Drizzle's relational `findFirst`, prepared. */
export function findPostWith(pool: Pool): FindPost {
  const db = drizzle({ client: pool, schema });
  const query = db.query.posts
    .findFirst({
      where: (p) => and(eq(p.id, sql.placeholder('id')), eq(p.status, 'published')),
      columns: { id: true, title: true, body: true, publishedAt: true, editedAt: true },
      with: {
        author: { columns: { id: true, name: true } },
        category: { columns: { id: true, slug: true, name: true } },
        comments: {
          where: (c) => eq(c.status, 'approved'),
          orderBy: (c, { desc }) => [desc(c.createdAt), desc(c.id)],
          limit: 50,
          columns: { id: true, parentId: true, body: true, createdAt: true, editedAt: true },
          with: { author: { columns: { id: true, name: true } } },
        },
        postTags: { columns: {}, orderBy: (t, { asc }) => [asc(t.tagId)], with: { tag: { columns: { id: true, name: true } } } },
      },
      // Written as text: Drizzle would rewrite the columns of a subquery to the outer table's.
      extras: (p) => ({
        commentCount: sql<number>`(select count(*)::int from comments k where k.post_id = ${p.id} and k.status = 'approved')`.as(
          'comment_count',
        ),
        score: sql<number>`(select coalesce(sum(v.value), 0)::int from post_votes v where v.post_id = ${p.id})`.as('score'),
      }),
    })
    .prepare('post_detail');
  return async (id) => {
    const post = await query.execute({ id });
    if (!post) return undefined;
    const { postTags, ...rest } = post;
    return { ...rest, tags: postTags.map(({ tag }) => tag) };
  };
}
