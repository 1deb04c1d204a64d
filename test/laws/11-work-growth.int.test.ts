import { createEverwarm } from 'everwarm';
import { Pool, type PoolClient } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { CompiledModel } from '../../libs/everwarm/src/contracts/compiled.ts';
import { monitorRedis } from './fixtures/monitor-redis.ts';
import { type Depot, openDepot } from './fixtures/open-depot.ts';
import { readModels } from './fixtures/read-models.ts';

/* What a change costs, counted in statements, buffers and Redis commands, is the same beside a hundred times the rows. */

const fill = (from: number, to: number) => `
  insert into "Depot"."Supplier" ("supplierId", "legal Name") select i, 'Filler' from generate_series(${from}, ${to}) i where i % 10 = 0;
  insert into "Depot"."Label" select i, 'Filler' from generate_series(${from}, ${to}) i where i % 10 = 0;
  insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") select 'south', i, i - i % 10, 'Filler', now() from generate_series(${from}, ${to}) i;
  insert into "Depot"."OrderLine" ("Region", "orderNo", line, "SKU", "Qty", "unitPrice") select 'south', i, l, 'sku', l, 1 from generate_series(${from}, ${to}) i, generate_series(1, 2) l;
  insert into "Depot"."OrderLabel" select 'south', i, i - i % 10 from generate_series(${from}, ${to}) i`;

const own = `
  insert into "Depot"."Supplier" ("supplierId", "legal Name") values (1, 'One'), (2, 'Two');
  insert into "Depot"."Label" values (1, 'Label'), (2, 'Other');
  insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") select 'north', i, 1, 'Order', now() from generate_series(1, 8) i;
  insert into "Depot"."OrderLine" ("Region", "orderNo", line, "SKU", "Qty", "unitPrice") select 'north', o, l, 'sku', 10 - l, 1 from generate_series(1, 8) o, generate_series(1, 5) l;
  insert into "Depot"."OrderLabel" values ('north', 1, 1), ('north', 2, 1)`;

/** Each ends where it began, so that it can be done again beside more rows. */
const changes: readonly (readonly [what: string, there: string, back: string])[] = [
  [
    'a child comes and goes',
    `insert into "Depot"."OrderLine" values ('north', 1, 9, 'new', 5, 1)`,
    `delete from "Depot"."OrderLine" where "Region" = 'north' and "orderNo" = 1 and line = 9`,
  ],
  [
    'a child changes',
    `update "Depot"."OrderLine" set "Qty" = 77 where "Region" = 'north' and "orderNo" = 2 and line = 1`,
    `update "Depot"."OrderLine" set "Qty" = 9 where "Region" = 'north' and "orderNo" = 2 and line = 1`,
  ],
  [
    'a parent of eight is renamed',
    `update "Depot"."Supplier" set "legal Name" = 'Renamed' where "supplierId" = 1`,
    `update "Depot"."Supplier" set "legal Name" = 'One' where "supplierId" = 1`,
  ],
  [
    'a row goes from one parent to another',
    `update "Depot"."Order" set "supplierId" = 2 where "Region" = 'north' and "orderNo" = 3`,
    `update "Depot"."Order" set "supplierId" = 1 where "Region" = 'north' and "orderNo" = 3`,
  ],
  [
    'a list gets an entry and loses it',
    `insert into "Depot"."Order" ("Region", "orderNo", "supplierId", "Title", "placedAt") values ('north', 99, 2, 'New', now())`,
    `delete from "Depot"."Order" where "Region" = 'north' and "orderNo" = 99`,
  ],
  [
    'a row of a join table comes and goes',
    `insert into "Depot"."OrderLabel" values ('north', 5, 2)`,
    `delete from "Depot"."OrderLabel" where "Region" = 'north' and "orderNo" = 5`,
  ],
];

type Work = { readonly statements: number; readonly commands: number };

/** Everwarm on a pool that remembers the statements of the pipeline's work; what the duties look at by the clock is left out. */
async function openCounting() {
  const depot = await openDepot({ start: false, ownRedis: true });
  const statements: string[] = [];
  const pool = new Pool({ connectionString: depot.database.urlFor('everwarm'), max: 12 });
  pool.on('error', () => undefined);
  pool.on('connect', (client: PoolClient) => {
    const query = client.query.bind(client) as (...given: unknown[]) => unknown;
    client.query = ((...given: unknown[]) => {
      const first = given[0];
      const { name, text } =
        typeof first === 'object' && first !== null
          ? (first as { name?: string; text?: string })
          : { name: undefined, text: String(first) };
      statements.push(name ?? text ?? '');
      return query(...given);
    }) as typeof client.query;
  });
  const everwarm = createEverwarm({ postgres: pool, redis: depot.redisUrl, namespace: depot.space.namespace, readModels });
  onTestFinished(async () => {
    await everwarm.stop();
    await pool.end();
  });
  const prefixes = [`${depot.space.namespace}:${depot.space.epoch}:`, `${depot.space.namespace}:{${depot.space.epoch}:`];
  const commands: string[] = [];
  await monitorRedis(depot.redisUrl, (args) => {
    if (args.some((arg) => prefixes.some((prefix) => arg.startsWith(prefix)) && !/:(present|probe)$/.test(arg)))
      commands.push(args.join(' '));
  });
  await everwarm.start();
  const { rows: generations } = await depot.pool.query<{ model: CompiledModel }>(
    `select model from everwarm.generations where state = 'serving'`,
  );
  const waysBack = new Set(
    generations.flatMap(({ model }) => model.dependencies.flatMap(({ wayBack }) => (wayBack.kind === 'query' ? [wayBack.sql] : []))),
  );
  const isWork = (text: string) => /^everwarm_(owe|write_\d+|acknowledge)/.test(text) || [...waysBack].some((sql) => text.startsWith(sql));

  /** What this statement makes the pipeline do, after everything before it is done. */
  const workOf = async (sql: string): Promise<Work> => {
    await everwarm.settled();
    statements.length = 0;
    commands.length = 0;
    await depot.pool.query(sql);
    await everwarm.settled();
    return { statements: statements.filter(isWork).length, commands: commands.length };
  };
  return { depot, everwarm, models: generations.map(({ model }) => model), workOf };
}

/** The buffers that a model's statements touch for the rows of this test. */
async function buffersOf({ pool }: Depot, models: readonly CompiledModel[]): Promise<Record<string, number>> {
  const client = await pool.connect();
  const found: Record<string, number> = {};
  try {
    // As the engine's own transactions are.
    await client.query(`set timezone = 'UTC'; set jit = off; set plan_cache_mode = force_generic_plan`);
    const measure = async (what: string, sql: string, values: unknown[]) => {
      const { rows } = await client.query(`explain (analyze, buffers, format json) ${sql}`, values);
      const plan = rows[0]['QUERY PLAN'][0].Plan as Record<string, number>;
      found[what] = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
    };
    for (const { name, recompute, dependencies } of models) {
      await measure(name, recompute, [[name === 'supplier_card' ? '1' : '["north","1"]']]);
      for (const { path, wayBack, link } of dependencies)
        if (wayBack.kind === 'query')
          await measure(
            `${name}: back from ${path}`,
            wayBack.sql,
            link.map((column) => [column === 'Region' ? 'north' : '1']),
          );
    }
  } finally {
    client.release();
  }
  return found;
}

test('a change costs the same beside a hundred times as many rows that it does not touch', { timeout: 240_000 }, async () => {
  const { depot, everwarm, models, workOf } = await openCounting();
  /** What each change makes the pipeline do; the less of the two where `known` was measured before. */
  const workOfAll = async (known: Record<string, Work> = {}) => {
    const least = { ...known };
    for (const [what, there, back] of changes)
      for (const [step, sql] of [
        [what, there],
        [`${what}, back`, back],
      ] as const) {
        const { statements, commands } = await workOf(sql);
        const before = least[step] ?? { statements, commands };
        least[step] = { statements: Math.min(before.statements, statements), commands: Math.min(before.commands, commands) };
      }
    return least;
  };
  const settle = async () => {
    await everwarm.settled({ timeoutMs: 120_000 });
    await depot.pool.query('analyze');
  };
  await depot.pool.query(own);
  await depot.pool.query(fill(10, 30));
  await settle();
  // The first round also loads what nobody has read yet.
  const few = { work: await workOfAll(await workOfAll()), buffers: await buffersOf(depot, models) };
  await depot.pool.query(fill(1000, 3100));
  await settle();
  const many = { work: await workOfAll(), buffers: await buffersOf(depot, models) };
  const isMore = ([what, { statements, commands }]: [string, Work]) =>
    (many.work[what]?.statements ?? 0) > statements || (many.work[what]?.commands ?? 0) > commands;
  // A busy machine may do a thing twice: what was more is looked at again.
  for (let round = 0; round < 2 && Object.entries(few.work).some(isMore); round++) many.work = await workOfAll(many.work);

  for (const [what, { statements, commands }] of Object.entries(few.work)) {
    expect(Math.min(statements, commands), `${what}: something was counted`).toBeGreaterThan(0);
    expect(many.work[what]?.statements, `${what}: statements`).toBeLessThanOrEqual(statements);
    expect(many.work[what]?.commands, `${what}: commands of Redis`).toBeLessThanOrEqual(commands);
  }
  expect(Object.keys(few.buffers).length).toBeGreaterThan(models.length);
  // An index of a hundred times the entries may be a level or two higher, at each place that it is entered.
  for (const [what, buffers] of Object.entries(few.buffers)) expect(many.buffers[what], what).toBeLessThanOrEqual(buffers * 1.5 + 20);
});

test('an acknowledgement costs the same beside a hundred times as many keys, also planned for an empty ledger', async () => {
  const { pool } = await openDepot({ start: false });
  await pool.query('vacuum analyze everwarm.ledger');
  const buffers = async (beside: number) => {
    await pool.query(
      `insert into everwarm.ledger (generation, key, since) select 1, 'other ' || i, now() from generate_series(1, ${beside}) i on conflict do nothing`,
    );
    await pool.query(
      `insert into everwarm.ledger (generation, key, seq, since) select 1, 'mine ' || i, -i, now() from generate_series(1, 100) i`,
    );
    const { rows } = await pool.query(
      `explain (analyze, buffers, format json) select everwarm.acknowledge(1, array(select 'mine ' || i from generate_series(1, 100) i), array(select -i::bigint from generate_series(1, 100) i))`,
    );
    expect((await pool.query(`select from everwarm.ledger where key like 'mine%'`)).rowCount).toBe(0);
    const { 'Shared Hit Blocks': hit, 'Shared Read Blocks': read } = rows[0]['QUERY PLAN'][0].Plan as Record<string, number>;
    return (hit ?? 0) + (read ?? 0);
  };
  const few = await buffers(50);
  expect(await buffers(5000)).toBeLessThanOrEqual(few * 1.5 + 500);
});
