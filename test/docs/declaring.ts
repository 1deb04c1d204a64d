import { sql } from 'drizzle-orm';
import { defineList, defineReadModel, defineSqlReadModel, type Reader } from 'everwarm';
import { comments, posts, schema, users, votes } from './guide-schema.ts';

/* The code of docs/guides/declaring.md, as it stands there. */

// #region document
export const postDetail = defineReadModel(schema, 'posts', {
  name: 'post_detail',
  where: (p, { isNull }) => isNull(p.deletedAt), // which rows have a document at all
  columns: { id: true, title: true },
  with: {
    author: { columns: { name: true } },
    comments: {
      where: (c, { eq }) => eq(c.status, 'approved'),
      orderBy: (c, { desc }) => [desc(c.createdAt)], // the primary key ends every order: it is total
      limit: 50,
      with: { author: { columns: { name: true } } }, // as deep as you write
    },
  },
  through: { tags: { via: 'postTags', to: 'tag', columns: { name: true } } },
  aggregates: (a) => ({ commentCount: a.count('comments'), score: a.sum('votes', 'value') }),
});
// #endregion

/** An offer while it holds, and an hour longer. */
export const currentOffer = defineReadModel(schema, 'offers', {
  name: 'current_offer',
  // #region time
  where: (offer, { and, lte }) => and(lte(offer.startsAt, sql`now()`), sql`${offer.endsAt} > now() - interval '1 hour'`),
  // #endregion
});

const authorCard = defineReadModel(schema, 'users', { name: 'author_card', columns: { name: true } });
const commentCard = defineReadModel(schema, 'comments', { name: 'comment_card', columns: { body: true } });

/** A post made of other read models. */
export const postOfCards = defineReadModel(schema, 'posts', {
  name: 'post_of_cards',
  // #region embedding
  with: { author: authorCard, comments: { model: commentCard, orderBy: (c, { asc }) => asc(c.id), limit: 20 } },
  // #endregion
});

/** A post with its best vote. */
export const postWithBest = defineReadModel(schema, 'posts', {
  name: 'post_with_best',
  // #region raw
  reads: { votes: { columns: { value: true } } },
  extras: (p, { sql }) => ({
    best: sql<number | null>`(select max(${votes.value}) from ${votes} where ${votes.postId} = ${p.id})`.as('best'),
  }),
  // #endregion
});

/** A post as lists show it. */
export const postCard = defineReadModel(schema, 'posts', { name: 'post_card', columns: { id: true, title: true } });

// #region list
export const categoryPosts = defineList(postCard, {
  name: 'category_posts',
  partitionBy: 'categoryId', // or ['postTags', 'tagId'] for membership through a table, or nothing
  where: (p, { isNotNull }) => isNotNull(p.publishedAt),
  orderBy: (p, { desc }) => [desc(p.publishedAt), desc(p.id)],
  keep: 1000, // entries per partition in Redis; Postgres holds all
  count: true,
});
// #endregion

/** Two pages of a list. */
export async function twoPages(reader: Pick<Reader, 'list'>) {
  // #region pages
  const page = await reader.list(categoryPosts, 7, { limit: 20 });
  const next = await reader.list(categoryPosts, 7, { limit: 20, after: page.next });
  // #endregion
  return [page, next];
}

// #region sql
export const digest = defineSqlReadModel({
  name: 'digest',
  key: { id: 'integer' }, // or the column whose type it has: { id: posts.id }
  query: sql<{ title: string; names: string[] }>`
    select p.id, json_build_object('title', p.title, 'names', (
      select coalesce(json_agg(u.name order by u.id), '[]') from ${users} u
      where u.id in (select c.author_id from ${comments} c where c.post_id = p.id))) as doc
    from ${posts} p`,
  dependencies: [
    { table: posts, columns: ['title'], key: ['id'] }, // its columns are the key
    { table: comments, columns: ['authorId'], key: ['postId'] },
    {
      table: users,
      columns: ['name'],
      link: ['id'], // `changed` has the link columns, old and new
      wayBack: sql`select c.post_id as id from ${comments} c join changed on changed.id = c.author_id`,
    },
  ],
});
// #endregion
