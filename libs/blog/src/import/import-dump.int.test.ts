import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDatabase, type TestDatabase } from '@everwarm/testkit';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { migrateBlog } from '../migrate.ts';
import { clock, contentOf, smallDump, writeDump } from './dump-fixture.ts';
import { type ImportOptions, importDump } from './import-dump.ts';
import { findDump, type MalformedRow } from './stage-dump.ts';

const realDump = fileURLToPath(new URL('../../../../../shared/data/stackexchange-meta-french', import.meta.url));
const template = { key: 'blog', build: migrateBlog };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everwarm-dump-'));
  onTestFinished(() => rm(folder, { recursive: true }));
});

async function freshDatabase(): Promise<TestDatabase> {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  return database;
}

async function run(database: TestDatabase, options: Partial<ImportOptions> = {}, from = folder) {
  const malformed: MalformedRow[] = [];
  const refused: string[] = [];
  let steps = 0;
  const result = await importDump(database.url, await findDump(from, 'site'), {
    mode: 'replay',
    strict: false,
    limit: Number.POSITIVE_INFINITY,
    rate: Number.POSITIVE_INFINITY,
    onMalformed: (row) => malformed.push(row),
    onPlanned: () => {},
    onStep: (_step, outcome, reason) => {
      steps += 1;
      if (outcome === 'refused') refused.push(reason ?? '');
    },
    onWindow: (count) => {
      steps += count;
    },
    ...options,
  });
  return { ...result, malformed, refused, steps };
}

test('a dump becomes posts, threads, votes, tags and their history', async () => {
  const database = await freshDatabase();
  await writeDump(folder, smallDump);
  const { outcome, refused, leftOut } = await run(database);
  expect({ outcome, refused }).toEqual({ outcome: 'finished', refused: [] });
  const { rows: posts } = await database.pool.query(
    'select p.external_id, u.name as author, c.slug, title, body, status, published_at, edited_at from posts p join users u on u.id = author_id join categories c on c.id = category_id order by p.id',
  );
  const at = (time: string) => new Date(`${clock(time)}Z`);
  expect(posts).toEqual([
    {
      external_id: 'site/post/10',
      author: 'Ada',
      slug: 'tea',
      title: 'First title',
      body: 'second body',
      status: 'published',
      published_at: at('10:00'),
      edited_at: at('15:00'),
    },
    expect.objectContaining({ external_id: 'site/post/14', author: 'deleted user', slug: 'water', title: 'No history', edited_at: null }),
    expect.objectContaining({ external_id: 'site/post/15', author: 'deleted user', slug: 'uncategorised' }),
  ]);
  const { rows: comments } = await database.pool.query(
    'select c.external_id, p.external_id as parent, u.name, c.body, c.status from comments c left join comments p on p.id = c.parent_id join users u on u.id = c.author_id order by c.id',
  );
  expect(comments).toEqual([
    { external_id: 'site/comment/1', parent: null, name: 'Bo & <Co>', body: 'on the question', status: 'approved' },
    { external_id: 'site/post/11', parent: null, name: 'Bo & <Co>', body: 'better answer\n\twith \\ a tab', status: 'approved' },
    { external_id: 'site/comment/2', parent: 'site/post/11', name: 'Ada', body: 'on the answer', status: 'approved' },
    { external_id: 'site/comment/3', parent: 'site/post/11', name: 'deleted user', body: 'by somebody gone', status: 'approved' },
  ]);
  const content = await contentOf(database.pool);
  expect(content['tags']).toEqual(['(milk)', '(never-used)', '(tea)', '(water)']);
  expect([content['postVotes']?.length, content['commentVotes']?.length]).toEqual([2, 1]);
  expect(Object.fromEntries(leftOut.map((row) => [row.reason, row.rows]))).toEqual({
    'answers without a question or text': 1,
    'comments on posts that are not there': 1,
    'posts and comments whose author is gone (given to "deleted user")': 3,
    'posts that are neither question nor answer': 1,
    'revisions of posts that are not there': 1,
    'revisions that change no text (type 10)': 1,
    'votes on posts that are not there': 1,
    'votes that are neither up nor down (type 5)': 1,
  });
});

test('a bulk load ends where the replay ends', async () => {
  const [replayed, loaded] = [await freshDatabase(), await freshDatabase()];
  await writeDump(folder, smallDump);
  const { steps } = await run(replayed);
  expect(await run(loaded, { mode: 'bulk' })).toMatchObject({ outcome: 'finished', steps });
  expect(await contentOf(loaded.pool)).toEqual(await contentOf(replayed.pool));
});

test('importing again, either way, changes nothing', async () => {
  const database = await freshDatabase();
  await writeDump(folder, smallDump);
  await run(database);
  const rows = 'select count(*), max(xmin::text::bigint), (select max(xmin::text::bigint) from comments) as comments from posts';
  const before = (await database.pool.query(rows)).rows;
  for (const mode of ['replay', 'bulk'] as const)
    expect(await run(database, { mode })).toMatchObject({ outcome: 'nothing to do', steps: 0 });
  expect((await database.pool.query(rows)).rows).toEqual(before);
});

test('a run that stopped goes on with the first step it did not write', async () => {
  const [whole, pieces] = [await freshDatabase(), await freshDatabase()];
  await writeDump(folder, smallDump);
  const { steps } = await run(whole);
  let sum = 0;
  for (let outcome = 'limited'; outcome === 'limited'; ) {
    const piece = await run(pieces, { limit: 4 });
    outcome = piece.outcome;
    sum += piece.steps;
  }
  expect(sum).toBe(steps);
  expect(await contentOf(pieces.pool)).toEqual(await contentOf(whole.pool));
});

test('the other mode cannot take over in the middle', async () => {
  const database = await freshDatabase();
  await writeDump(folder, smallDump);
  await run(database, { limit: 3 });
  await expect(run(database, { mode: 'bulk' })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('--replay') });
});

test('what somebody deleted in the meantime is passed over', async () => {
  const database = await freshDatabase();
  await writeDump(folder, smallDump);
  await run(database, { limit: 4 });
  await database.pool.query('delete from posts');
  const { outcome, refused } = await run(database);
  expect(outcome).toBe('finished');
  expect(refused).toContain('There is no post site/post/10.');
});

test('a newer dump goes on after the older one', async () => {
  const database = await freshDatabase();
  await writeDump(folder, smallDump);
  await run(database);
  await writeDump(folder, {
    ...smallDump,
    Comments: [...smallDump.Comments, { Id: 9, PostId: 10, UserId: 1, CreationDate: clock('20:00'), Text: 'new' }],
  });
  const { outcome, steps } = await run(database);
  expect(outcome).toBe('finished');
  expect(steps).toBeGreaterThanOrEqual(1);
  const { rows } = await database.pool.query("select body from comments where external_id = 'site/comment/9'");
  expect(rows).toEqual([{ body: 'new' }]);
});

const damaged = {
  ...smallDump,
  Comments: [
    ...smallDump.Comments,
    '  <row Id="5" PostId="10" UserId="1" CreationDate="2020-02-30T10:00:00.000" Text="a day too many" />',
    '  <row Id="6" PostId="10" UserId="1" CreationDate="2020-05-01T10:00:00.000" />',
    '  <row Id="7" PostId="ten" CreationDate="2020-05-01T10:00:00.000" Text="x" />',
    '  <row Id="8" PostId="10" Text="never closed',
    { Id: 1, PostId: 10, UserId: 1, CreationDate: clock('10:30'), Text: 'used before' },
  ],
};

test('malformed rows are told with file and line, counted, and left out', async () => {
  const database = await freshDatabase();
  await writeDump(folder, damaged);
  const { outcome, malformed, leftOut } = await run(database);
  expect(outcome).toBe('finished');
  expect(malformed).toEqual([
    {
      file: 'Comments.xml',
      line: 7,
      reason: 'CreationDate is "2020-02-30T10:00:00.000", which is not a time like 2011-08-17T20:18:56.507',
    },
    { file: 'Comments.xml', line: 8, reason: 'Text is missing' },
    { file: 'Comments.xml', line: 9, reason: 'PostId is "ten", which is not a whole number' },
    { file: 'Comments.xml', line: 10, reason: 'the row does not end' },
    { file: 'Comments.xml', line: 11, reason: 'Id 1 was used before' },
  ]);
  expect(leftOut).toContainEqual({ reason: 'malformed rows in Comments.xml', rows: 5 });
  expect((await contentOf(database.pool))['comments']).toHaveLength(4);
});

test('strict: the first malformed row ends the run with nothing written, also when an earlier run let it pass', async () => {
  const database = await freshDatabase();
  await writeDump(folder, damaged);
  const strict = () => run(database, { strict: true });
  await expect(strict()).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(/^Comments\.xml:7: /) });
  expect((await contentOf(database.pool))['users']).toEqual([]);
  await run(database, { limit: 1 });
  await expect(strict()).rejects.toMatchObject({ code: 'invalid' });
});

test.runIf(existsSync(realDump))('a real community: replayed in pieces and loaded at once, the beginning and the end agree', async () => {
  const [replayed, loaded] = [await freshDatabase(), await freshDatabase()];
  expect(await run(replayed, { limit: 300 }, realDump)).toMatchObject({ outcome: 'limited', steps: 300, refused: [], malformed: [] });
  expect(await run(replayed, { limit: 200 }, realDump)).toMatchObject({ outcome: 'limited', steps: 200, refused: [] });
  expect(await run(loaded, { mode: 'bulk' }, realDump)).toMatchObject({ outcome: 'finished', malformed: [] });
  const { rows } = await loaded.pool.query(
    "select (select count(*)::int from posts) as posts, (select count(*)::int from comments where external_id like 'site/post/%') as answers, (select count(*)::int from comments where external_id like 'site/comment/%') as comments",
  );
  expect(rows).toEqual([{ posts: 274, answers: 487, comments: 1305 }]);
  const [some, all] = [await contentOf(replayed.pool), await contentOf(loaded.pool)];
  expect(some['users']?.length).toBeGreaterThan(0);
  // Members do not change later, so those of the first 500 steps are among all.
  expect(all['users']).toEqual(expect.arrayContaining(some['users'] ?? []));
});
