import { waitFor } from '@everwarm/testkit';
import type { Everwarm } from 'everwarm';
import type { Pool } from 'pg';
import { expect, test, vi } from 'vitest';
import { openNewsroom } from './fixtures/open-newsroom.ts';
import { articlePage, readModels, sectionCard, sectionNews } from './fixtures/read-models.ts';

const key = { desk: 'Ö"x', no: 7 };

// Side by side: most of the time goes by until a moment comes. Three share the time of one.
vi.setConfig({ maxConcurrency: 3, testTimeout: 180_000 });

/** Adds the article of these tests; `liveAt` is SQL. */
const addArticle = (pool: Pool, liveAt: string) =>
  pool.query(`insert into "News"."Article" ("Desk", no, "sectionId", title, "live At") values ('Ö"x', 7, 1, 'An article', ${liveAt})`);

/** What each of the three read models says of it. */
async function seen({ reader }: Everwarm) {
  const page = await reader.get(articlePage, key);
  const { items } = await reader.list(sectionNews, 1);
  return { page: page?.title ?? null, listed: items.length, live: (await reader.get(sectionCard, 1))?.live };
}
const nothing = { page: null, listed: 0, live: 0 };
const everything = { page: 'An article', listed: 1, live: 1 };

const becomes = (what: string, everwarm: Everwarm, expected: unknown) =>
  waitFor(async () => JSON.stringify(await seen(everwarm)) === JSON.stringify(expected), { what, timeoutMs: 30_000 });

const timers = async (pool: Pool) =>
  (
    await pool.query<{ name: string; at: Date }>(
      'select g.name, t.at from everwarm.timers t join everwarm.generations g on g.id = t.generation order by t.at, g.name',
    )
  ).rows;

/** As if so much time had passed: every moment is nearer by that, and nothing of it was captured. */
async function letPass(pool: Pool, time: string): Promise<void> {
  await pool.query(`begin; update "News"."Article" set "live At" = "live At" - interval '${time}';
update everwarm.timers set at = at - interval '${time}'; delete from everwarm.outbox where xid = pg_current_xact_id(); commit`);
}

async function expectNoDifference(everwarm: Everwarm): Promise<void> {
  for (const model of readModels) expect(await everwarm.verify(model), model.name).toMatchObject({ differing: 0, findings: [] });
}

test.concurrent('a scheduled article comes into its document, its list and its section’s count when its moment comes', async ({
  onTestFinished: finished,
}) => {
  const { pool, everwarm, failures } = await openNewsroom({ finished });
  await addArticle(pool, `now() + interval '1 day'`);
  await everwarm.settled();
  expect((await timers(pool)).map(({ name }) => name)).toEqual(['article_page', 'section_card', 'section_news']);
  expect(await seen(everwarm)).toEqual(nothing);
  expect((await everwarm.status()).models.map(({ timers: waiting, lagMs }) => ({ waiting, lagMs }))).toEqual(
    readModels.map(() => ({ waiting: 1, lagMs: 0 })),
  );
  await expectNoDifference(everwarm);
  await pool.query(`update "News"."Article" set "live At" = now() + interval '1 second'`);
  await becomes('the article', everwarm, everything);
  await everwarm.settled();
  // What still waits is the end of its hour in the list.
  expect((await timers(pool)).map(({ name }) => name)).toEqual(['section_news']);
  await expectNoDifference(everwarm);
  expect(failures).toEqual([]);
});

test.concurrent('what runs out leaves, and what is beside it comes', async ({ onTestFinished: finished }) => {
  const { pool, everwarm } = await openNewsroom({ finished });
  await addArticle(pool, `now() - interval '59 minutes 58 seconds'`);
  await pool.query(`update "News"."Article" set "endsAt" = (now() + interval '2 seconds') at time zone 'UTC'`);
  await pool.query(`insert into "News"."Note" values (1, 'Ö"x', 7, 'brief', now() + interval '2 seconds'), (2, 'Ö"x', 7, 'lasting', null)`);
  await pool.query(`insert into "News"."Tagged" values ('Ö"x', 7, 1, now() + interval '2 seconds')`);
  await everwarm.settled();
  await waitFor(async () => (await everwarm.reader.get(articlePage, key))?.over === true, {
    what: 'the end of the article',
    timeoutMs: 30_000,
  });
  await waitFor(async () => (await timers(pool)).length === 0, { what: 'the last moment', timeoutMs: 30_000 });
  await everwarm.settled();
  const page = await everwarm.reader.get(articlePage, key);
  expect(page).toEqual({ ...key, title: 'An article', over: true, notes: [{ body: 'lasting' }], tags: [{ word: 'soon' }] });
  expect(await seen(everwarm)).toEqual({ page: 'An article', listed: 0, live: 0 });
  await expectNoDifference(everwarm);
});

test.concurrent('a moment that comes while no worker runs is made good by the next one', async ({ onTestFinished: finished }) => {
  const { pool, everwarm, another } = await openNewsroom({ finished });
  await addArticle(pool, `now() + interval '1 day'`);
  await everwarm.settled();
  expect(await seen(everwarm)).toEqual(nothing);
  await everwarm.stop();
  await letPass(pool, '1 day 1 minute');
  const next = another();
  // In no document yet, and honestly so: the lag counts from the moment, and a comparison calls it on its way.
  for (const { name, lagMs } of (await next.status()).models) expect(lagMs, name).toBeGreaterThan(60_000);
  await next.start();
  await next.settled();
  expect(await seen(next)).toEqual(everything);
  await expectNoDifference(next);
});

test.concurrent('a column that changes moves the moment, and one that is taken back leaves it', async ({ onTestFinished: finished }) => {
  const { pool, everwarm } = await openNewsroom({ finished });
  await addArticle(pool, `now() + interval '1 hour'`);
  await everwarm.settled();
  const [first] = await timers(pool);
  const client = await pool.connect();
  await client.query('begin');
  await client.query(`update "News"."Article" set "live At" = now() + interval '2 hours'`);
  await client.query('rollback');
  client.release();
  await everwarm.settled();
  expect((await timers(pool))[0]).toEqual(first);
  await pool.query(`update "News"."Article" set "live At" = "live At" + interval '1 hour'`);
  await everwarm.settled();
  expect((await timers(pool))[0]!.at.getTime()).toBe(first!.at.getTime() + 3_600_000);
  await pool.query(`update "News"."Article" set "live At" = now() + interval '1 second'`);
  await becomes('the article', everwarm, everything);
  await pool.query(`update "News"."Article" set "live At" = null`);
  await everwarm.settled();
  expect(await seen(everwarm)).toEqual(nothing);
  expect(await timers(pool)).toEqual([]);
  await pool.query(`update "News"."Article" set "live At" = 'infinity'`);
  await pool.query(`delete from "News"."Article"`);
  await everwarm.settled();
  expect(await timers(pool)).toEqual([]);
});

test.concurrent('a thousand moments at once are all handled', async ({ onTestFinished: finished }) => {
  const { pool, everwarm, failures } = await openNewsroom({ finished });
  await pool.query(
    `insert into "News"."Article" ("Desk", no, "sectionId", title, "live At") select 'd', i, 1, 'Article', now() + interval '2 seconds' from generate_series(1, 1000) i`,
  );
  await everwarm.settled();
  await waitFor(async () => (await everwarm.reader.get(sectionCard, 1))?.live === 1000, { what: 'all of them', timeoutMs: 30_000 });
  await everwarm.settled();
  const { models } = await everwarm.status();
  expect(Object.fromEntries(models.map(({ name, documents }) => [name, documents]))).toEqual({
    article_page: 1000,
    section_card: 1,
    section_news: 1000,
  });
  await expectNoDifference(everwarm);
  expect(failures).toEqual([]);
});

test.concurrent('without timers a document would stay as it was', async ({ onTestFinished: finished }) => {
  const { pool, everwarm } = await openNewsroom({ finished });
  await addArticle(pool, `now() + interval '1 day'`);
  await everwarm.settled();
  await pool.query('truncate everwarm.timers');
  await letPass(pool, '1 day 1 minute');
  await everwarm.settled();
  expect(await seen(everwarm)).toMatchObject({ listed: 0, live: 0 });
  for (const model of readModels) expect(await everwarm.verify(model), model.name).toMatchObject({ differing: 1 });
});

test.concurrent('a generation that is built over rows whose time has not come waits for them', async ({ onTestFinished: finished }) => {
  const { pool, everwarm, another } = await openNewsroom({ start: false, finished });
  await everwarm.stop();
  await pool.query(`drop schema everwarm cascade`);
  await addArticle(pool, `now() + interval '3 seconds'`);
  const fresh = another();
  await fresh.migrate();
  await fresh.start();
  await fresh.settled();
  await becomes('the article', fresh, everything);
});

test.concurrent('a document that is said to expire keeps that moment, whatever comes and changes before it', async ({
  onTestFinished: finished,
}) => {
  const { pool, everwarm } = await openNewsroom({ finished });
  await addArticle(pool, `now() + interval '1 day'`);
  await everwarm.settled();
  await everwarm.expireAfter(articlePage, [key], '48h');
  await pool.query(`update "News"."Article" set title = 'Another title', "live At" = now() - interval '1 day'`);
  await everwarm.settled();
  // Nothing waits for its time any more but what was asked for.
  expect((await timers(pool)).map(({ name }) => name)).toEqual([articlePage.name]);
  const { rows } = await pool.query<{ id: number }>(
    `select id from everwarm.generations where name = 'article_page' and state = 'serving'`,
  );
  await pool.query(`update everwarm.projection_${rows[0]!.id} set doc = '{"title":"Tampered with"}'`);
  await pool.query('update everwarm.timers set at = now()');
  const stored = async () =>
    (await pool.query<{ title: string }>(`select doc ->> 'title' as title from everwarm.article_page`)).rows[0]?.title;
  await waitFor(async () => (await stored()) === 'Another title', { what: 'it to be derived anew' });
  expect(await timers(pool)).toEqual([]);
});
