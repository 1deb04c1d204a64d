import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';

type Attributes = Readonly<Record<string, string | number>>;
type Files = Readonly<Record<string, readonly (Attributes | string)[]>>;

/** Writes a dump into a folder for a test: rows by their attributes, or a line as it is. Files that are not named are empty. */
export async function writeDump(folder: string, files: Files): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of ['Users', 'Posts', 'PostHistory', 'Comments', 'Votes', 'Tags']) {
    const rows = (files[name] ?? []).map((row) => (typeof row === 'string' ? row : `  <row ${attributes(row)} />`));
    const root = name.toLowerCase();
    await writeFile(
      join(folder, `${name}.xml`),
      ['<?xml version="1.0" encoding="utf-8"?>', `<${root}>`, ...rows, `</${root}>`, ''].join('\n'),
    );
  }
}

function attributes(row: Attributes): string {
  return Object.entries(row)
    .map(
      ([name, value]) =>
        `${name}="${String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll('\n', '&#xA;').replaceAll('\t', '&#x9;')}"`,
    )
    .join(' ');
}

/** A moment of the fixture's one day. */
export const clock = (time: string): string => `2020-05-01T${time}:00.000`;

const question = {
  PostTypeId: 1,
  CreationDate: clock('10:00'),
  OwnerUserId: 1,
  Title: 'Which kettle?',
  Body: '<p>now</p>',
  Tags: '<tea><water>',
};
const revision = (Id: number, PostId: number, PostHistoryTypeId: number, time: string, Text: string) => ({
  Id,
  PostId,
  PostHistoryTypeId,
  CreationDate: clock(time),
  Text,
});

/** A community in which everything happens once that an import must know. */
export const smallDump = {
  Users: [
    { Id: 1, DisplayName: 'Ada', CreationDate: clock('09:00') },
    // Merged accounts are younger than what they wrote.
    { Id: 2, DisplayName: 'Bo & <Co>', CreationDate: clock('23:00') },
  ],
  Posts: [
    { Id: 10, ...question },
    { Id: 11, PostTypeId: 2, ParentId: 10, CreationDate: clock('11:00'), OwnerUserId: 2, Body: '<p>final</p>' },
    { Id: 12, PostTypeId: 2, ParentId: 99, CreationDate: clock('11:00'), Body: 'to nothing' },
    { Id: 13, PostTypeId: 5, CreationDate: clock('11:00'), Body: 'about a tag' },
    { Id: 14, PostTypeId: 1, CreationDate: clock('12:00'), Title: 'No history', Body: 'from the post', Tags: '|water|milk|' },
    { Id: 15, PostTypeId: 1, CreationDate: clock('12:30'), OwnerUserId: 77, Title: 'No tags', Body: 'none at all' },
  ],
  PostHistory: [
    revision(1, 10, 2, '10:00', 'first body'),
    revision(2, 10, 1, '10:00', 'First title'),
    revision(3, 10, 3, '10:00', '<water><milk>'),
    revision(4, 11, 2, '11:00', 'first answer'),
    revision(5, 10, 5, '13:00', 'second body'),
    revision(6, 10, 4, '13:00', 'Second title'),
    revision(7, 10, 6, '14:00', '<tea><water>'),
    revision(8, 11, 5, '14:00', 'better answer\n\twith \\ a tab'),
    revision(9, 10, 7, '15:00', 'First title'),
    { Id: 10, PostId: 10, PostHistoryTypeId: 10, CreationDate: clock('16:00') },
    revision(11, 99, 5, '16:00', 'of nothing'),
  ],
  Comments: [
    { Id: 1, PostId: 10, UserId: 2, CreationDate: clock('10:30'), Text: 'on the question' },
    { Id: 2, PostId: 11, UserId: 1, CreationDate: clock('11:30'), Text: 'on the answer' },
    { Id: 3, PostId: 11, CreationDate: clock('11:40'), Text: 'by somebody gone' },
    { Id: 4, PostId: 99, UserId: 1, CreationDate: clock('11:40'), Text: 'on nothing' },
  ],
  Votes: [
    // Votes are dated by their day, before the posts they are for.
    { Id: 1, PostId: 10, VoteTypeId: 2, CreationDate: clock('00:00') },
    { Id: 2, PostId: 10, VoteTypeId: 3, CreationDate: clock('00:00') },
    { Id: 3, PostId: 11, VoteTypeId: 2, CreationDate: clock('00:00') },
    { Id: 4, PostId: 10, VoteTypeId: 5, UserId: 1, CreationDate: clock('00:00') },
    { Id: 5, PostId: 99, VoteTypeId: 2, CreationDate: clock('00:00') },
  ],
  Tags: [
    { Id: 1, TagName: 'tea' },
    { Id: 2, TagName: 'never-used' },
  ],
} satisfies Files;

/** All content of a blog as text, by external ids and labels, so that two blogs can be compared whose ids differ. */
export async function contentOf(pool: Pool): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {};
  for (const [name, statement] of Object.entries(contentSql)) {
    const { rows } = await pool.query<{ line: string }>(`select line::text from (${statement}) line order by line::text collate "C"`);
    content[name] = rows.map((row) => row.line);
  }
  return content;
}

const contentSql = {
  users: 'select external_id, name, created_at from users',
  posts: `select p.external_id, u.external_id, c.slug, p.title, p.body, p.status, p.created_at, p.published_at, p.edited_at,
    (select string_agg(t.name, ' ' order by t.name) from post_tags x join tags t on t.id = x.tag_id where x.post_id = p.id)
    from posts p join users u on u.id = p.author_id join categories c on c.id = p.category_id`,
  comments: `select c.external_id, u.external_id, p.external_id, a.external_id as parent, c.body, c.status, c.created_at, c.edited_at
    from comments c join users u on u.id = c.author_id join posts p on p.id = c.post_id left join comments a on a.id = c.parent_id`,
  postVotes: 'select v.external_id, p.external_id, v.value, v.user_id, v.created_at from post_votes v join posts p on p.id = v.post_id',
  commentVotes:
    'select v.external_id, c.external_id, v.value, v.user_id, v.created_at from comment_votes v join comments c on c.id = v.comment_id',
  tags: 'select name from tags',
  categories: 'select slug, name, created_at from categories',
};
