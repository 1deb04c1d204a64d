import type { ClientBase } from 'pg';
import { limits } from '../limits.ts';

/**
 * Turns the staged rows into `blog_import.steps`, and counts what the blog has no place for in `blog_import.left_out`.
 * Caller: the raw tables are filled, `steps` and `left_out` are empty.
 *
 * - A question is a post, its first tag its category. An answer is a comment, a comment on it a reply.
 * - First revisions give a post as it was first written; a post without them is taken from Posts.xml. Later ones are edits.
 * - Nothing comes before what it is about: a vote is dated by its day, and merged accounts are younger than their posts. So a
 *   step is never earlier than its post, and a member never later than their first words.
 * - What the dump ascribes to nobody, or to a member it does not list, is ascribed to member 0, the deleted user.
 * - Tags that changed without a revision (a tag renamed or merged for the whole site) are set right at the end.
 */
export async function planSteps(client: Pick<ClientBase, 'query'>): Promise<void> {
  for (const statement of [
    analyzeSql,
    firstRevisionsSql,
    questionsSql,
    answersSql,
    commentsSql,
    usersSql,
    editsSql,
    votesSql,
    lastTagsSql,
    declaredTagsSql,
    leftOutSql,
  ]) {
    await client.query(statement);
  }
}

const analyzeSql = `
analyze blog_import.raw_users, blog_import.raw_posts, blog_import.raw_history, blog_import.raw_comments, blog_import.raw_votes`;

/** Revision types come in threes: title, body, tags; 1 to 3 first, 4 to 6 edited, 7 to 9 rolled back. */
const partSql = `(array['title', 'body', 'tags'])[((h.type - 1) % 3 + 1)::integer]`;

/** `<a><b>`, or `|a|b|` in newer dumps, as an array of labels that the blog accepts. */
const tagsSql = (text: string): string => `coalesce((
  select array_agg(tag order by place) from unnest(regexp_split_to_array(${text}, '[<>|]+')) with ordinality t (tag, place)
  where tag ~ '^[^\\s,/?]+$' and char_length(tag) <= ${limits.tag} and place <= ${limits.tagsPerPost}), '{}')`;

const firstRevisionsSql = `
create temporary table first_revision on commit drop as
select distinct on (h.post_id, part) h.post_id, ${partSql} as part, h.id, h.text
from blog_import.raw_history h where h.type between 1 and 3 and h.text is not null
order by h.post_id, part, h.created_at, h.id;
create index on first_revision (post_id, part);
analyze first_revision`;

const firstSql = (part: string, otherwise: string): string =>
  `coalesce((select f.text from first_revision f where f.post_id = p.id and f.part = '${part}'), ${otherwise})`;

const authorSql = (id: string): string => `coalesce((select u.id from blog_import.raw_users u where u.id = ${id}), 0)`;

const questionsSql = `
create index if not exists raw_users_id on blog_import.raw_users (id);
insert into blog_import.steps (at, rank, id, kind, author, title, text, tags)
select created_at, 1, id, 'post', author, left(title, ${limits.title}), left(text, ${limits.body}), ${tagsSql('tags')}
from (
  select p.created_at, p.id, ${authorSql('p.user_id')} as author, ${firstSql('title', 'p.title')} as title,
    ${firstSql('body', 'p.body')} as text, ${firstSql('tags', 'p.tags')} as tags
  from blog_import.raw_posts p where p.type = 1
) q where title is not null and text is not null`;

/** `target` is every post and answer that will exist, with its question. */
const answersSql = `
insert into blog_import.steps (at, rank, id, kind, target, author, text)
select greatest(p.created_at, q.at), 2, p.id, 'answer', q.id, ${authorSql('p.user_id')}, left(${firstSql('body', 'p.body')}, ${limits.comment})
from blog_import.raw_posts p join blog_import.steps q on q.kind = 'post' and q.id = p.parent_id
where p.type = 2 and ${firstSql('body', 'p.body')} is not null;
create temporary table target on commit drop as
select id, at, kind, coalesce(target, id) as question from blog_import.steps;
create unique index on target (id);
analyze target`;

const commentsSql = `
insert into blog_import.steps (at, rank, id, kind, target, parent, author, text)
select greatest(c.created_at, t.at), 3, c.id, 'comment', t.question, case t.kind when 'answer' then t.id end, ${authorSql('c.user_id')},
  left(c.text, ${limits.comment})
from blog_import.raw_comments c join target t on t.id = c.post_id`;

const usersSql = `
create temporary table first_word on commit drop as
select author, min(at) as at from blog_import.steps where author is not null group by author;
insert into blog_import.steps (at, rank, id, kind, text)
select least(u.created_at, f.at), 0, u.id, 'register', left(coalesce(u.name, 'user ' || u.id), ${limits.name})
from blog_import.raw_users u left join first_word f on f.author = u.id;
insert into blog_import.steps (at, rank, id, kind, text)
select f.at, 0, 0, 'register', 'deleted user' from first_word f
where f.author = 0 and not exists (select from blog_import.raw_users u where u.id = 0)`;

const editsSql = `
insert into blog_import.steps (at, rank, id, kind, target, text, tags)
select greatest(h.created_at, t.at), 4, h.id, case when t.kind = 'answer' then 'answer-body' else ${partSql} end, t.id,
  case ${partSql} when 'title' then left(h.text, ${limits.title})
    when 'body' then left(h.text, case t.kind when 'answer' then ${limits.comment} else ${limits.body} end) end,
  case ${partSql} when 'tags' then ${tagsSql('h.text')} end
from blog_import.raw_history h join target t on t.id = h.post_id
where h.type between 1 and 9 and h.text is not null and (t.kind = 'post' or ${partSql} = 'body')
  and not exists (select from first_revision f where f.id = h.id)`;

const votesSql = `
insert into blog_import.steps (at, rank, id, kind, target, value)
select greatest(v.created_at, t.at), 5, v.id, case t.kind when 'answer' then 'answer-vote' else 'vote' end, t.id,
  case v.type when 2 then 1 else -1 end
from blog_import.raw_votes v join target t on t.id = v.post_id where v.type in (2, 3)`;

const lastTagsSql = `
analyze blog_import.steps;
insert into blog_import.steps (at, rank, id, kind, target, tags)
select (select max(at) from blog_import.steps), 6, id, 'tags', id, tags
from (select t.id, t.at, ${tagsSql('p.tags')} as tags from blog_import.raw_posts p join target t on t.id = p.id and t.kind = 'post') settled
where tags is distinct from coalesce(
  (select s.tags from blog_import.steps s where s.target = settled.id and s.kind = 'tags' order by s.at desc, s.rank desc, s.id desc limit 1),
  (select s.tags from blog_import.steps s where s.at = settled.at and s.rank = 1 and s.id = settled.id))`;

const declaredTagsSql = `
insert into blog_import.steps (at, rank, id, kind, text)
select coalesce((select max(at) from blog_import.steps), now()), 7, min(id), 'tag', tag
from (select id, unnest(${tagsSql('name')}) as tag from blog_import.raw_tags) declared group by tag`;

const leftOutSql = `
insert into blog_import.left_out (reason, rows)
select reason, count(*) from (
  select case when p.type = 1 then 'questions without title or text' when p.type = 2 then 'answers without a question or text'
    else 'posts that are neither question nor answer' end as reason
  from blog_import.raw_posts p where not exists (select from target t where t.id = p.id)
  union all
  select 'comments on posts that are not there' from blog_import.raw_comments c where not exists (select from target t where t.id = c.post_id)
  union all
  select case when v.type in (2, 3) then 'votes on posts that are not there' else 'votes that are neither up nor down (type ' || v.type || ')' end
  from blog_import.raw_votes v where v.type not in (2, 3) or not exists (select from target t where t.id = v.post_id)
  union all
  select case when h.type not between 1 and 9 then 'revisions that change no text (type ' || h.type || ')'
    when t.id is null then 'revisions of posts that are not there' else 'revisions without a text of their own' end
  from blog_import.raw_history h left join target t on t.id = h.post_id
  where not exists (select from first_revision f where f.id = h.id and t.id is not null)
    and not exists (select from blog_import.steps s where s.rank = 4 and s.target = h.post_id and s.id = h.id)
  union all
  select 'posts and comments whose author is gone (given to "deleted user")' from blog_import.steps where author = 0
) reasons group by reason`;
