import { createDatabase, providedServers } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import type { Pool } from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CompiledModel } from '../../libs/everwarm/src/contracts/compiled.ts';
import { checkReach } from '../../libs/everwarm/src/operations/check-reach.ts';
import { openPostgres } from '../../libs/everwarm/src/platform/postgres.ts';
import type { ColumnSpec, NodeSpec, Program } from './programs/program.ts';
import { type Outcome, runProgram } from './programs/run-program.ts';
import { schemaDdl } from './programs/to-ddl.ts';
import { declare } from './programs/to-models.ts';
import type { Step } from './random-transactions.ts';
import { soon } from './random-values.ts';
import type { Write } from './writes.ts';

/*
 * What the oracle is worth: with a guard taken away, it says so.
 */

const column = (property: string, nullable = true): ColumnSpec => ({ property, name: null, kind: 'integer', nullable });
const node = (parts: Partial<NodeSpec> = {}): NodeSpec => ({
  columns: null,
  extras: [],
  with: [],
  through: [],
  aggregates: [],
  where: null,
  orderBy: [],
  limit: null,
  ...parts,
});
const step = (...parts: Write[]): Step => ({
  transactions: [{ isolation: 'read committed', settings: [], parts, ending: 'commit' }],
  order: [0],
  resolve: [],
});
const table = (property: string, ...columns: string[]) => ({
  property,
  schema: null,
  name: property,
  key: ['id'],
  columns: [column('id', false), ...columns.map((name) => column(name))],
});
const refers = (from: string, by: string, to: string, back: string) => ({
  from,
  columns: [by],
  to,
  references: ['id'],
  constraint: null,
  one: to,
  back,
  single: false,
});

/** Posts with their author, their comments, and those who wrote the comments. Posts have clicks, which no document shows. */
const program: Program = {
  seed: 1,
  schema: {
    casing: null,
    tables: [table('person', 'age'), table('post', 'author', 'rank', 'clicks'), table('comment', 'on', 'by')],
    references: [
      refers('post', 'author', 'person', 'posts'),
      refers('comment', 'on', 'post', 'comments'),
      refers('comment', 'by', 'person', 'comments'),
    ],
  },
  models: [
    {
      name: 'posts',
      root: 'post',
      node: node({
        columns: { take: false, names: ['clicks'] },
        with: [
          { relation: 'person', node: node() },
          { relation: 'comments', node: node({ with: [{ relation: 'person', node: node({ columns: { take: true, names: ['age'] } }) }] }) },
        ],
      }),
    },
  ],
  lists: [],
  // Each step after the first changes what one place of the read model shows.
  history: [
    step(
      { do: 'insert', table: 'public.person', rows: ['1', '2', '3'].map((id) => ({ id, age: '30' })), conflict: null },
      { do: 'insert', table: 'public.post', rows: ['1', '2'].map((id) => ({ id, author: id, rank: id, clicks: '0' })), conflict: null },
      { do: 'insert', table: 'public.comment', rows: [{ id: '1', on: '1', by: '3' }], conflict: null },
    ),
    step({ do: 'update', table: 'public.comment', set: { on: '2' }, where: { column: 'id', texts: ['1'] } }),
    step({ do: 'update', table: 'public.person', set: { age: '41' }, where: { column: 'id', texts: ['3'] } }),
    step({ do: 'update', table: 'public.person', set: { age: '42' }, where: { column: 'id', texts: ['1'] } }),
    step({ do: 'update', table: 'public.post', set: { rank: '9' }, where: { column: 'id', texts: ['2'] } }),
  ],
};

const saidBy = (outcome: Outcome): string => (outcome.is === 'equal' ? 'equal' : outcome.why);

/** Changes the text of a capture function in the database under test. */
const rewrite = (name: string, change: (text: string) => string) => async (pool: Pool) => {
  const { rows } = await pool.query<{ text: string }>(
    `select pg_get_functiondef(oid) as text from pg_proc where pronamespace = 'everwarm'::regnamespace and proname like $1 || '%'`,
    [name],
  );
  expect(rows).toHaveLength(1);
  const text = change(rows[0]!.text);
  expect(text).not.toBe(rows[0]!.text);
  await pool.query(text);
};

const withoutOldKeys = rewrite('capture_update_comment', (text) => text.replaceAll('where o."id" is not null', 'where false'));
const withoutColumnFilter = rewrite('capture_update_post', (text) => text.replace('where m.mask <> 0', 'where true'));

describe('the oracle', () => {
  it('agrees while every guard stands', async () => {
    expect(saidBy(await runProgram(providedServers(), program))).toBe('equal');
  });

  it('sees that a row which moved is still shown by the parent it left, where capture does not record old keys', async () => {
    const said = saidBy(await runProgram(providedServers(), program, withoutOldKeys));
    expect(said).toMatch(/step 2: .*posts in Postgres "1"/s);
    expect(said).not.toContain('posts in Postgres "2"');
  });

  it.each([
    ['posts', 5],
    ['posts.person', 4],
    ['posts.comments', 2],
    ['posts.comments.person', 3],
  ])('sees that writes are not followed where the stored read model has lost its dependency %s', async (path, number) => {
    const loseDependency = async (pool: Pool) => {
      const { rowCount } = await pool.query(
        `update everwarm.generations set model = jsonb_set(model, '{dependencies}',
           (select coalesce(jsonb_agg(d), '[]') from jsonb_array_elements(model -> 'dependencies') d where d ->> 'path' <> $1))`,
        [path],
      );
      expect(rowCount).toBe(1);
    };
    expect(saidBy(await runProgram(providedServers(), program, loseDependency))).toContain(`step ${number}: `);
  });
});

/** The same, kept inline: each step after the first, which comes before the read model serves, is one transaction that writes its documents before it commits. */
const inlined: Program = {
  ...program,
  models: program.models.map((model) => ({ ...model, lifecycle: 'inline' as const })),
  history: program.history.map((each, index) => ({
    ...each,
    transactions: each.transactions.map((one) => ({ ...one, inline: index > 0 })),
  })),
};

describe('what a transaction writes inline', () => {
  it('is there right after it', async () => {
    const outcome = await runProgram(providedServers(), inlined);
    expect(saidBy(outcome)).toBe('equal');
    // The post that lost a comment and the one that got it, one by who commented, one by its author, one by itself.
    expect(outcome).toMatchObject({ history: { inlined: 5 } });
  });

  it('is missed where the function that writes it changes nothing', async () => {
    const writeNothing = rewrite('inline_%_write', (text) => text.replace('p.ctid = k.place', 'false'));
    const said = saidBy(await runProgram(providedServers(), inlined, writeNothing));
    expect(said).toMatch(/step 2: .*posts "1", right after a transaction wrote it inline/s);
  });
});

/** Documents of rows whose moment has come, with a number that no table holds. */
const timed: Program = {
  seed: 1,
  schema: {
    casing: null,
    tables: [
      { ...table('offer'), columns: [column('id', false), { property: 'starts', name: null, kind: 'timestamptz', nullable: false }] },
    ],
    references: [],
  },
  models: [{ name: 'offers', root: 'offer', node: node({ where: { is: 'over', column: 'starts' } }), outside: true }],
  lists: [],
  history: [
    step({
      do: 'insert',
      table: 'public.offer',
      rows: [
        { id: '1', starts: '2024-01-01 00:00:00Z' },
        { id: '2', starts: soon(3000) },
      ],
      conflict: null,
    }),
    { ...step(), touches: [{ model: 'offers', by: 'code' }] },
  ],
};

describe('what happens without a row that changes', () => {
  const without = (sql: string) => async (pool: Pool) => void (await pool.query(sql));

  it('is seen to arrive', async () => {
    const outcome = await runProgram(providedServers(), timed);
    expect(saidBy(outcome)).toBe('equal');
    expect(outcome).toMatchObject({ history: { touches: 1 } });
  });

  it('is missed where timers get lost: a moment that came', async () => {
    const loseTimers = without(`create function everwarm.lose() returns trigger language plpgsql as 'begin return null; end';
      create trigger lose before insert on everwarm.timers for each row execute function everwarm.lose()`);
    const said = saidBy(await runProgram(providedServers(), timed, loseTimers));
    expect(said).toMatch(/step 1: .*offers in Postgres "2"/s);
    expect(said).not.toContain('offers in Postgres "1"');
  });

  it('is missed where touches get lost: a fact outside the database', async () => {
    const loseTouches = rewrite('touch', (text) => text.replace('as k (key) where', 'as k (key) where false and'));
    expect(saidBy(await runProgram(providedServers(), timed, loseTouches))).toMatch(/step 2: .*offers in Postgres "1"/s);
  });
});

async function migrated() {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const model = declare(program).documents.get('posts')!;
  const everwarm = createEverwarm({ postgres: database.urlFor('guards'), redis: providedServers().redisUrl, readModels: [model] });
  onTestFinished(() => everwarm.stop());
  await database.pool.query(schemaDdl(program.schema));
  await everwarm.migrate();
  return { pool: database.pool, url: database.urlFor('guards of postgres'), compiled: model.compile() };
}

/** How many changes a statement puts into the outbox. */
async function capturedBy(pool: Pool, sql: string): Promise<number> {
  await pool.query('truncate everwarm.outbox');
  await pool.query(sql);
  return (await pool.query('select from everwarm.outbox')).rows.length;
}

describe('an update of a column that no document shows', () => {
  const update = 'update post set clicks = clicks + 1';

  it('is not captured, and is where the column filter is taken away', async () => {
    const { pool } = await migrated();
    await pool.query('insert into post values (1, 1, 1, 0), (2, 1, 1, 0)');
    expect(await capturedBy(pool, update)).toBe(0);
    expect(await capturedBy(pool, 'update post set rank = 7')).toBe(2);
    await withoutColumnFilter(pool);
    expect(await capturedBy(pool, update)).toBe(2);
  });
});

describe('the check against the catalogue', () => {
  it('refuses a read model with any one of its dependencies taken away, and one that watches a column less', async () => {
    const { url, compiled } = await migrated();
    const postgres = openPostgres(url, { max: 1 });
    onTestFinished(() => postgres.close());
    const check = (model: CompiledModel) => checkReach(postgres.transactions, model);
    await expect(check(compiled)).resolves.toBeUndefined();
    const shared = (path: string) => path.endsWith('person');
    for (const dependency of compiled.dependencies) {
      // Two places that read one table cover for each other in a check by columns; both away, it is seen.
      const rest = compiled.dependencies.filter(({ path }) => (shared(dependency.path) ? !shared(path) : path !== dependency.path));
      await expect(check({ ...compiled, dependencies: rest }), dependency.path).rejects.toMatchObject({ code: 'E_DEFINITION' });
    }
    const blind = compiled.dependencies.map((each) => ({ ...each, columns: each.columns.filter((name) => name !== 'rank') }));
    await expect(check({ ...compiled, dependencies: blind })).rejects.toThrow('"rank"');
  });
});
