/** A timestamp as JSON has it. */
const time = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * The documents (id, doc) of published posts whose ids are in $1, as a skilled hand would write the query. Gives the same bytes as
 * the read model `post_detail`; the scenario checks that it does.
 */
export const postDetailSql = `
select p.id, '{"id":' || p.id || ',"title":' || to_json(p.title) || ',"body":' || to_json(p.body)
  || ',"publishedAt":' || coalesce('"' || ${time('p.published_at')} || '"', 'null')
  || ',"editedAt":' || coalesce('"' || ${time('p.edited_at')} || '"', 'null')
  || ',"author":{"id":' || a.id || ',"name":' || to_json(a.name)
  || '},"category":{"id":' || c.id || ',"slug":' || to_json(c.slug) || ',"name":' || to_json(c.name)
  || '},"comments":[' || coalesce(k.docs, '') || '],"tags":[' || coalesce(t.docs, '')
  || '],"commentCount":' || (select count(*) from comments where post_id = p.id and status = 'approved')
  || ',"score":' || (select coalesce(sum(value), 0) from post_votes where post_id = p.id) || '}' as doc
from posts p
join users a on a.id = p.author_id
join categories c on c.id = p.category_id
cross join lateral (
  select string_agg('{"id":' || n.id || ',"parentId":' || coalesce(n.parent_id::text, 'null') || ',"body":' || to_json(n.body)
    || ',"createdAt":"' || ${time('n.created_at')} || '","editedAt":' || coalesce('"' || ${time('n.edited_at')} || '"', 'null')
    || ',"author":{"id":' || u.id || ',"name":' || to_json(u.name) || '}}', ',' order by n.created_at desc, n.id desc) as docs
  from (select * from comments where post_id = p.id and status = 'approved' order by created_at desc, id desc limit 50) n
  join users u on u.id = n.author_id
) k
cross join lateral (
  select string_agg('{"id":' || g.id || ',"name":' || to_json(g.name) || '}', ',' order by g.id) as docs
  from post_tags pt join tags g on g.id = pt.tag_id where pt.post_id = p.id
) t
where p.id = any($1::integer[]) and p.status = 'published'`;
