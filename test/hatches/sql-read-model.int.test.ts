import { seededRandom, waitFor } from '@everwarm/testkit';
import { type SQL, sql } from 'drizzle-orm';
import { type AnyModel, defineSqlReadModel } from 'everwarm';
import { describe, expect, it, test } from 'vitest';
import { type Newsroom, notes, openNewsroom, people, stories } from './fixtures/news.ts';

type Digest = { readonly title: string; readonly notes: { readonly id: number; readonly by: string; readonly with: string | null }[] };

/** A story with its notes, both of whose people are named: what no relational query of one level says. */
const digest = defineSqlReadModel({
  name: 'digest',
  key: { edition: 'text', story: stories.number },
  query: sql<Digest>`
    select s."Edition" as edition, s.number as story, json_build_object('title', s."Title", 'notes', coalesce((
      select json_agg(json_build_object('id', n.id, 'by', a.name, 'with', b.name) order by n.id)
      from ${notes} n join ${people} a on a.id = n.author left join ${people} b on b.id = n.second
      where n."Edition" = s."Edition" and n."story number" = s.number and n.body <> ${"it's a draft"}
    ), '[]')) as doc
    from ${stories} s -- a comment at the end`,
  dependencies: [
    { table: stories, columns: ['title'], key: ['edition', 'number'] },
    { table: notes, columns: ['body', 'author', 'second'], key: ['edition', 'number'] },
    {
      table: people,
      columns: ['name'],
      link: ['id'],
      wayBack: sql`select n."Edition" as edition, n."story number" as story from ${notes} n join changed on changed.id in (n.author, n.second)`,
    },
  ],
});

/** How many notes each person has a hand in: a query that groups, and a way back over a link that may be null. */
const hands = defineSqlReadModel({
  name: 'hands',
  key: { person: 'integer' },
  query: sql<{ notes: number; stories: string[] }>`
    select h.person, jsonb_build_object('notes', count(*), 'stories', jsonb_agg(distinct h.edition order by h.edition)) as doc
    from (select author as person, "Edition" as edition from ${notes} union all select second, "Edition" from ${notes} where second is not null) h
    group by h.person`,
  dependencies: [
    {
      table: notes,
      link: ['author', 'second', 'edition'],
      wayBack: sql`select author as person from changed union all select second from changed`,
    },
  ],
});

async function openServing(models: readonly AnyModel[]) {
  const newsroom = await openNewsroom();
  const everwarm = newsroom.release(models);
  await everwarm.migrate();
  await everwarm.start();
  await everwarm.settled();
  return { ...newsroom, everwarm };
}

const note = ({ pool }: Pick<Newsroom, 'pool'>, id: number, story: number | null, author: number, second: number | null = null) =>
  pool.query(
    `insert into "News".note (id, "Edition", "story number", author, second) values ($1, case when $2::integer is not null then 'a:b' end, $2, $3, $4)`,
    [id, story, author, second],
  );

test('documents follow every table that the query reads, both ways of a moved row, and keep the text as the query gives it', async () => {
  const room = await openServing([digest]);
  const { everwarm, pool, print } = room;
  const get = (story: number) => everwarm.reader.get(digest, { edition: 'a:b', story });
  await print('One', 'Two');
  await note(room, 1, 1, 1, 2);
  await note(room, 2, 1, 3);
  await everwarm.settled();
  expect(await get(1)).toEqual({
    title: 'One',
    notes: [
      { id: 1, by: 'person 1', with: 'person 2' },
      { id: 2, by: 'person 3', with: null },
    ],
  });
  const raw = await everwarm.reader.raw(digest, { edition: 'a:b', story: 2 });
  expect([raw?.tier, String(raw?.body)]).toEqual(['redis', '{"title" : "Two", "notes" : []}']);
  await pool.query(`update "News".person set name = 'second' where id = 2`);
  await everwarm.settled();
  expect((await get(1))?.notes[0]).toEqual({ id: 1, by: 'person 1', with: 'second' });
  await pool.query(`update "News".note set "story number" = 2 where id = 1`);
  await everwarm.settled();
  expect([(await get(1))?.notes.length, (await get(2))?.notes.length]).toEqual([1, 1]);
  await pool.query(`update "News".note set body = 'it''s a draft' where id = 2`);
  await pool.query(`update "News"."Story" set number = 9 where number = 2`);
  await everwarm.settled();
  expect([(await get(1))?.notes, await get(2), (await get(9))?.title]).toEqual([[], null, 'Two']);
  expect(await everwarm.verify(digest)).toMatchObject({ checked: 2, differing: 0, findings: [] });
  await pool.query(`truncate "News"."Story" cascade`);
  await everwarm.settled();
  expect(await get(1)).toBeNull();
  expect(await everwarm.verify(digest)).toMatchObject({ checked: 0, differing: 0 });
});

test('random writes: every document equals its query, groups and links with nulls included', async () => {
  const random = seededRandom('hand-written read models');
  const { everwarm, pool, print } = await openServing([digest, hands]);
  await print('One', 'Two', 'Three');
  const person = () => random.integer(1, 5);
  const story = () => random.integer(1, 3);
  const maybe = <T>(value: T) => (random.integer(0, 2) === 0 ? null : value);
  for (let step = 0; step < 60; step++) {
    const id = random.integer(1, 12);
    const values = [id, maybe(story()), person(), maybe(person())];
    await pool.query(
      random.integer(0, 4) === 0
        ? { text: `delete from "News".note where id = $1`, values: [id] }
        : {
            text: `insert into "News".note (id, "Edition", "story number", author, second) values ($1, case when $2::integer is not null then 'a:b' end, $2, $3, $4)
on conflict (id) do update set "Edition" = excluded."Edition", "story number" = excluded."story number", author = excluded.author, second = excluded.second`,
            values,
          },
    );
    if (step % 20 === 0) await pool.query(`update "News".person set name = $1 where id = $2`, [`name ${step}`, person()]);
  }
  await everwarm.settled();
  for (const model of [digest, hands]) expect(await everwarm.verify(model), model.name).toMatchObject({ differing: 0, inFlight: 0 });
  const { rows } = await pool.query<{ person: number; notes: number }>(
    `select p.id as person, count(n.id)::integer as notes from "News".person p left join "News".note n on p.id in (n.author, n.second) group by p.id`,
  );
  for (const { person: id, notes: count } of rows) {
    // A note by one person with himself counts twice in the query.
    const twice = await pool.query(`select from "News".note where author = $1 and second = $1`, [id]);
    expect((await everwarm.reader.get(hands, id))?.notes ?? 0, `person ${id}`).toBe(count + twice.rows.length);
  }
});

test('a key is asked for by the index of the table, also where the query groups', async () => {
  const { pool } = await openNewsroom();
  await pool.query(
    `insert into "News"."Story" ("Edition", number, "Title") select 'e' || i % 100, i, 'x' from generate_series(1, 20000) i`,
  );
  await pool.query(
    `insert into "News".note (id, "Edition", "story number", author) select i, 'e' || i % 100, i, 1 from generate_series(1, 20000) i; analyze`,
  );
  const byAuthor = defineSqlReadModel({
    name: 'by_note',
    key: { id: 'integer' },
    query: sql`select n.id, json_build_object('n', count(*)) as doc from ${notes} n group by n.id`,
    dependencies: [{ table: notes, key: ['id'] }],
  });
  const plan = async (model: AnyModel, key: string) => {
    const statement = model.compile().recompute.replaceAll('$1::text[]', `array['${key}']::text[]`);
    return (await pool.query<{ 'QUERY PLAN': string }>(`explain ${statement}`)).rows.map((row) => row['QUERY PLAN']).join('\n');
  };
  expect(await plan(digest, '["e1","1"]')).toMatch(/Index Scan using "Story_pkey" on "Story" s/);
  expect(await plan(digest, '["e1","1"]')).not.toContain('Seq Scan on "Story"');
  expect(await plan(byAuthor, '7')).toMatch(/Index (Only )?Scan using note_pkey/);
  expect(await plan(byAuthor, '7')).not.toContain('Seq Scan');
});

describe('what cannot be kept right is refused at migrate, with the cure', () => {
  const plain = { name: 'plain', key: { id: 'integer' } } as const;
  const query = (doc: SQL, more = sql``) => sql`select n.id, ${doc} as doc from ${notes} n${more}`;
  const own = { table: notes, key: ['id'] } as const;

  it.each<[string, SQL, string]>([
    [
      'a column that no dependency names',
      query(sql`json_build_object('b', n.body)`),
      'reads the column "body" of News.note, which its dependency on that table does not name',
    ],
    [
      'a table that no dependency names',
      query(sql`json_build_object('n', (select max(p.id) from ${people} p))`),
      'reads News.person, which is not among its dependencies',
    ],
    ['a function of the user', query(sql`json_build_object('n', "News".secret(n.id))`), 'calls the function News.secret'],
    ['the time', query(sql`json_build_object('n', now())`), 'plain.query uses now'],
    ['the date', query(sql`json_build_object('n', current_date)`), 'plain.query uses current_date'],
    ['chance', query(sql`json_build_object('n', random())`), 'plain.query uses random'],
    ['an unordered aggregate', query(sql`json_agg(n.id)`, sql` group by n.id`), 'plain.query uses json_agg without an order'],
    [
      'a missing key column',
      sql`select n.id as note, json_build_object('id', n.id) as doc from ${notes} n`,
      'plain.query has no column "id", which the key names. It has: "note", "doc"',
    ],
    ['a missing document', sql`select n.id from ${notes} n`, 'plain.query has no column "doc"'],
    ['a document that is text', sql`select n.id, 'x'::text as doc from ${notes} n`, 'plain.query has a "doc" of type text'],
    ['what is no SQL', sql`select n.id from ${notes} n where`, 'plain.query is not valid in this database'],
  ])('%s', async (_, text, message) => {
    const room = await openNewsroom();
    await room.pool.query(`create function "News".secret(integer) returns integer language sql immutable as 'select $1'`);
    await expect(room.release([defineSqlReadModel({ ...plain, query: text, dependencies: [own] })]).migrate()).rejects.toThrow(message);
  });

  it.each<[string, SQL, string]>([
    [
      'a way back over a column that is no link',
      sql`select body as id from changed`,
      'plain.dependencies.person.wayBack is not valid in this database',
    ],
    ['a way back without the key', sql`select 1 as other from changed`, 'plain.dependencies.person.wayBack is not valid in this database'],
    [
      'a way back through another table',
      sql`select s.number as id from ${stories} s join changed on true`,
      'plain.dependencies.person.wayBack reads News.Story, which is not among the dependencies',
    ],
  ])('%s', async (_, wayBack, message) => {
    const room = await openNewsroom();
    const model = defineSqlReadModel({
      ...plain,
      query: query(sql`json_build_object('id', n.id)`),
      dependencies: [own, { table: people, link: ['id'], wayBack }],
    });
    await expect(room.release([model]).migrate()).rejects.toThrow(message);
  });

  it('two rows for one key stand in that key’s way alone, by the words of Postgres', async () => {
    const twice = defineSqlReadModel({
      name: 'twice',
      key: { person: 'integer' },
      query: sql`select author as person, json_build_object('id', id) as doc from ${notes}`,
      dependencies: [{ table: notes, key: ['author'] }],
    });
    const room = await openServing([twice]);
    await note(room, 1, null, 1);
    await note(room, 2, null, 2);
    await note(room, 3, null, 2);
    const status = async () => (await room.everwarm.status()).models[0];
    await waitFor(async () => (await status())?.failing === 1 && (await status())?.documents === 1, {
      what: 'one to fail, one to be written',
    });
    expect((await status())?.error).toContain('more than one row');
  });
});
