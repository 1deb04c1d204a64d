import { createDatabase, createRandom } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import type { CompiledModel, Generation } from '#contracts/compiled.ts';
import { formatVersion } from '#contracts/version.ts';
import { listCountSchema } from '#platform/list-count-sql.ts';
import { openPostgres } from '#platform/postgres.ts';
import { foldCounts, recount } from './counts.ts';
import { entryTableSql, writeEntries } from './write-entries.ts';

const template = {
  key: 'count entries',
  build: async (url: string) => {
    const postgres = openPostgres(url);
    await postgres.transactions.query(
      `create schema everwarm; create sequence everwarm.version_seq; ${listCountSchema}; ${entryTableSql(2)};
create table public.entry (id text primary key, page text not null)`,
    );
    await postgres.close();
  },
};

const recompute = `select e.id as key, e.page as partition, convert_to(e.id, 'UTF8') as member from public.entry e where e.id = any($1::text[])`;
const list: Generation = {
  id: 2,
  name: 'l',
  hash: '',
  state: 'serving',
  lifecycle: 'async',
  stalled: null,
  model: { recompute, list: { keep: 10, count: true } } as CompiledModel,
};

async function openCounts() {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  const postgres = openPostgres(database.urlFor('counts'), { max: 6 });
  onTestFinished(() => postgres.close());
  const db = postgres.transactions;
  /** In one snapshot: what the rows of the count sum up to, and how many entries there are. */
  const both = async () =>
    (
      await db.query<{ partition: string; counted: number; entries: number }>(
        `select partition, coalesce(c.n, 0)::int as counted, coalesce(e.n, 0)::int as entries
from (select partition, sum(n) as n from everwarm.list_counts group by partition) c
full join (select partition, count(*) as n from everwarm.projection_2 where member is not null group by partition) e using (partition) order by 1`,
      )
    ).rows;
  return { db, both };
}

const pages = ['p', 'q', 'r'];

test('while workers write, roll back and counts are folded, every snapshot counts what it holds, and never less than nothing', async () => {
  const { db, both } = await openCounts();
  let writing = 4;
  let snapshots = 0;
  // Each worker has keys of its own, as the locks of their shards give them.
  const work = async (worker: number) => {
    const random = createRandom(worker);
    for (let round = 0; round < 60; round++) {
      const keys = Array.from({ length: random.integer(1, 5) }, () => `${worker}-${random.integer(0, 9)}`);
      await db
        .transaction(async (tx) => {
          for (const key of keys)
            if (random.chance(0.3)) await tx.query('delete from public.entry where id = $1', [key]);
            else
              await tx.query('insert into public.entry values ($1, $2) on conflict (id) do update set page = excluded.page', [
                key,
                random.pick(pages),
              ]);
          await writeEntries(tx, {
            generation: list,
            keys: [...new Set(keys)],
            version: formatVersion(1, BigInt(worker * 1000 + round + 1)),
          });
          if (random.chance(0.2)) throw new Error('rolled back');
        })
        .catch(() => undefined);
    }
    writing--;
  };
  const fold = async () => {
    while (writing > 0) await foldCounts(db);
  };
  const look = async () => {
    while (writing > 0) {
      for (const { partition, counted, entries } of await both()) expect(counted, partition).toBe(entries);
      snapshots++;
    }
  };
  await Promise.all([...[0, 1, 2, 3].map(work), fold(), fold(), look()]);
  expect(snapshots).toBeGreaterThan(10);
  await foldCounts(db);
  for (const { counted, entries } of await both()) expect(counted).toBe(entries);
  const { rows } = await db.query<{ rows: number }>('select count(*)::int as rows from everwarm.list_counts');
  expect(rows[0]!.rows, 'folded to one row for each partition').toBeLessThanOrEqual(pages.length);
});

test('what was lost of a count is made good', async () => {
  const { db, both } = await openCounts();
  await db.query(`insert into public.entry select i, 'p' from generate_series(1, 7) i`);
  await writeEntries(db, { generation: list, keys: ['1', '2', '3', '4', '5', '6', '7'], version: formatVersion(1, 1n) });
  await db.query('update everwarm.list_counts set n = 3');
  await db.query(`insert into everwarm.list_counts values (2, 'nowhere', 4)`);
  await recount(db, 2);
  expect((await both()).filter(({ counted, entries }) => counted !== entries)).toEqual([]);
  await foldCounts(db);
  expect(await both()).toEqual([{ partition: 'p', counted: 7, entries: 7 }]);
});

test('a count with a higher ticket knows of everything that was committed before it was drawn', async () => {
  const { db } = await openCounts();
  const count = async () =>
    (await db.query<{ ticket: string; total: string }>(`select ticket, total::text from everwarm.count_entries(2, 'p')`)).rows[0]!;
  const before = await count();
  await db.query(`insert into public.entry values ('1', 'p')`);
  await writeEntries(db, { generation: list, keys: ['1'], version: formatVersion(1, 1n) });
  const after = await count();
  expect([before.total, after.total]).toEqual(['0', '1']);
  expect(after.ticket > before.ticket).toBe(true);
});
