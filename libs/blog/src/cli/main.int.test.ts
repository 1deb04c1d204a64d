import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, spawnNode, type TestDatabase, waitFor } from '@everwarm/testkit';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { clock, contentOf, smallDump, writeDump } from '../import/dump-fixture.ts';

let folder: string;
let database: TestDatabase;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everwarm-cli-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  database = await createDatabase();
  onTestFinished(() => database.drop());
});

function start(args: readonly string[]) {
  const blog = spawnNode('libs/blog/src/cli/main.ts', { args, env: { DATABASE_URL: database.url } });
  onTestFinished(async () => void (await blog.stop()));
  return blog;
}

async function blog(args: readonly string[]) {
  const running = start(args);
  const { code } = await running.exited;
  return { code, output: running.output() };
}

/** A dump that takes a while: one post with many votes. */
async function writeLongDump(votes: number): Promise<void> {
  const more = Array.from({ length: votes }, (_, i) => ({ Id: 100 + i, PostId: 10, VoteTypeId: 2, CreationDate: clock('00:00') }));
  await writeDump(join(folder, 'site'), { ...smallDump, Votes: [...smallDump.Votes, ...more] });
}

test('an import killed in the middle goes on, and loses and repeats nothing', async () => {
  await writeLongDump(1_500);
  const killed = start(['import', join(folder, 'site'), '--replay', '--rate', '1000']);
  const voted = async () => {
    const { rows } = await database.pool
      .query<{ votes: number }>('select count(*)::int as votes from post_votes')
      .catch(() => ({ rows: [] }));
    return (rows[0]?.votes ?? 0) > 50;
  };
  await waitFor(voted, { timeoutMs: 30_000, what: 'some votes' });
  killed.signal('SIGKILL');
  expect(await killed.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect((await contentOf(database.pool))['postVotes']?.length).toBeLessThan(1_502);

  const resumed = await blog(['import', join(folder, 'site'), '--replay']);
  expect(resumed).toMatchObject({ code: 0, output: expect.stringContaining('Imported site.') });
  expect(resumed.output).not.toContain('Refused');
  const content = await contentOf(database.pool);
  expect([content['postVotes']?.length, content['comments']?.length]).toEqual([1_502, 4]);
  expect(await blog(['import', join(folder, 'site')])).toMatchObject({ code: 0, output: expect.stringContaining('Nothing to do') });
});

test('generated content is complete, and adding it again adds nothing', async () => {
  expect(await blog(['generate', '--posts', '120', '--seed', '3'])).toMatchObject({ code: 0 });
  const count = async () =>
    (
      await database.pool.query(
        'select (select count(*)::int from posts) as posts, (select count(*)::int from comments) as comments, (select count(*)::int from post_votes) as votes',
      )
    ).rows[0];
  const first = await count();
  expect(first).toMatchObject({ posts: 120 });
  expect(first.comments).toBeGreaterThan(300);
  await blog(['generate', '--posts', '120', '--seed', '3']);
  expect(await count()).toEqual(first);
  await blog(['generate', '--posts', '10', '--seed', '4']);
  expect(await count()).toMatchObject({ posts: 130 });
});
