import { type SQL, sql } from 'drizzle-orm';
import { UNCATEGORISED } from './apply-step.ts';
import type { Place } from './position.ts';
import type { StepKind } from './step.ts';

const labelsSql = `
select label, min(place) as place from (
  select label, row_number() over (order by at, rank, id, nth) as place from blog_import.steps, `;

/** The tags and categories that a replay would create, in the order in which it would. One transaction each, idempotent. */
export const bulkLabelsSql: readonly string[] = [
  `insert into tags (name) select label from (${labelsSql} unnest(case kind when 'tag' then array[text] else tags end) with ordinality t (label, nth)
   ) used group by label) labels where not exists (select from tags t where t.name = label) order by place`,
  `insert into categories (slug, name, created_at)
   select slug, slug, at from (
     select distinct on (slug) coalesce(tags[1], '${UNCATEGORISED}') as slug, at, rank, id from blog_import.steps
     where kind in ('post', 'tags') order by slug, at, rank, id
   ) first where not exists (select from categories c where c.slug = first.slug) order by at, rank, id`,
];

/** The writes of one window of steps, after `from` (null: the first) and up to `to`, in the order in which they must run. */
export function bulkWritesSql(source: string, from: Place | null, to: Place): readonly SQL[] {
  const inWindow = sql`(s.at, s.rank, s.id) > (coalesce(${from?.at.toISOString() ?? null}::timestamptz, '-infinity'), ${from?.rank ?? 0}::smallint, ${from?.id ?? '0'}::bigint)
    and (s.at, s.rank, s.id) <= (${to.at.toISOString()}::timestamptz, ${to.rank}::smallint, ${to.id}::bigint)`;
  const ordered = sql`order by s.at, s.rank, s.id on conflict (external_id) do nothing`;
  const externalId = (kind: string, id: SQL) => sql`${`${source}/${kind}/`}::text || ${id}`;
  const author = sql`join users u on u.external_id = ${externalId('user', sql`s.author`)}`;
  const post = (id: SQL) => sql`join posts p on p.external_id = ${externalId('post', id)}`;
  const answer = (id: SQL) => sql`join comments a on a.external_id = ${externalId('post', id)}`;
  const last = (column: SQL, kind: StepKind) =>
    sql`(select e.${column} from blog_import.steps e where e.target = s.id and e.kind = ${kind} order by e.at desc, e.rank desc, e.id desc limit 1)`;
  const edited = (...kinds: StepKind[]) =>
    sql`(select max(e.at) from blog_import.steps e where e.target = s.id and e.kind in (${sql.join(
      kinds.map((kind) => sql`${kind}`),
      sql`, `,
    )}))`;
  const lastTags = sql`coalesce(${last(sql`tags`, 'tags')}, s.tags)`;
  return [
    sql`insert into users (name, created_at, external_id)
      select s.text, s.at, ${externalId('user', sql`s.id`)} from blog_import.steps s where ${inWindow} and s.kind = 'register' ${ordered}`,
    sql`insert into posts (author_id, category_id, title, body, status, created_at, published_at, edited_at, external_id)
      select u.id, c.id, coalesce(${last(sql`text`, 'title')}, s.title), coalesce(${last(sql`text`, 'body')}, s.text), 'published', s.at, s.at,
        ${edited('title', 'body')}, ${externalId('post', sql`s.id`)}
      from blog_import.steps s ${author} join categories c on c.slug = coalesce((${lastTags})[1], ${UNCATEGORISED})
      where ${inWindow} and s.kind = 'post' ${ordered}`,
    sql`insert into post_tags (post_id, tag_id)
      select distinct p.id, t.id from blog_import.steps s ${post(sql`s.id`)} join tags t on t.name = any (${lastTags})
      where ${inWindow} and s.kind = 'post' and not exists (select from post_tags x where x.post_id = p.id)`,
    sql`insert into comments (post_id, author_id, body, status, created_at, edited_at, external_id)
      select p.id, u.id, coalesce(${last(sql`text`, 'answer-body')}, s.text), 'approved', s.at, ${edited('answer-body')}, ${externalId('post', sql`s.id`)}
      from blog_import.steps s ${author} ${post(sql`s.target`)} where ${inWindow} and s.kind = 'answer' ${ordered}`,
    sql`insert into comments (post_id, author_id, parent_id, body, status, created_at, external_id)
      select p.id, u.id, a.id, s.text, 'approved', s.at, ${externalId('comment', sql`s.id`)}
      from blog_import.steps s ${author} ${post(sql`s.target`)} left ${answer(sql`s.parent`)}
      where ${inWindow} and s.kind = 'comment' and (s.parent is null or a.id is not null) ${ordered}`,
    sql`insert into post_votes (post_id, value, created_at, external_id)
      select p.id, s.value, s.at, ${externalId('vote', sql`s.id`)} from blog_import.steps s ${post(sql`s.target`)}
      where ${inWindow} and s.kind = 'vote' ${ordered}`,
    sql`insert into comment_votes (comment_id, value, created_at, external_id)
      select a.id, s.value, s.at, ${externalId('vote', sql`s.id`)} from blog_import.steps s ${answer(sql`s.target`)}
      where ${inWindow} and s.kind = 'answer-vote' ${ordered}`,
  ];
}
