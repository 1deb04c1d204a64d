/** A timestamp as JSON has it. */
const time = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * The documents (id, doc) of published posts whose ids are in $1, as most would write them by hand: lateral subqueries and
 * `json_build_object`. The same documents as the read model `post_detail`, but for the blanks that `json` puts between.
 */
export const postDetailJson = `
select p.id, json_build_object(
  'id', p.id, 'title', p.title, 'body', p.body, 'publishedAt', ${time('p.published_at')}, 'editedAt', ${time('p.edited_at')},
  'author', json_build_object('id', a.id, 'name', a.name),
  'category', json_build_object('id', c.id, 'slug', c.slug, 'name', c.name),
  'comments', k.docs, 'tags', t.docs, 'commentCount', n.count, 'score', v.score)::text as doc
from posts p
join users a on a.id = p.author_id
join categories c on c.id = p.category_id
cross join lateral (
  select coalesce(json_agg(json_build_object('id', n.id, 'parentId', n.parent_id, 'body', n.body, 'createdAt', ${time('n.created_at')},
    'editedAt', ${time('n.edited_at')}, 'author', json_build_object('id', u.id, 'name', u.name)) order by n.created_at desc, n.id desc), '[]') as docs
  from (select * from comments where post_id = p.id and status = 'approved' order by created_at desc, id desc limit 50) n
  join users u on u.id = n.author_id
) k
cross join lateral (
  select coalesce(json_agg(json_build_object('id', g.id, 'name', g.name) order by g.id), '[]') as docs
  from post_tags pt join tags g on g.id = pt.tag_id where pt.post_id = p.id
) t
cross join lateral (select count(*) from comments where post_id = p.id and status = 'approved') n
cross join lateral (select coalesce(sum(value), 0) as score from post_votes where post_id = p.id) v
where p.id = any($1::integer[]) and p.status = 'published'`;
