import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatabase, providedServers, type Random, seededRandom, type TestDatabase } from '@everwarm/testkit';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Ended, run, strangersEnvironment, succeed } from './command.ts';
import { type Conversation, converse } from './conversation.ts';
import { compile, type Installation, installPacked, tool } from './install.ts';
import { exhibitPage, hallPage, keywordExhibits, readMuseum, siteExhibits } from './oracle.ts';
import { nextWrite, possibleKeys } from './writes.ts';

/* The package as npm would deliver it, in a folder of its own, with a schema that nothing in this repository knows. */

let installation: Installation;
let database: TestDatabase;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  [installation, database] = await Promise.all([installPacked(), createDatabase()]);
  await database.pool.query(await readFile(join(installation.folder, 'tables.sql'), 'utf8'));
  env = strangersEnvironment({ DATABASE_URL: database.url, REDIS_URL: providedServers().redisUrl, NAMESPACE: database.name });
}, 180_000);

afterAll(async () => {
  await database?.drop();
  await installation?.remove();
});

/** The installed command, as `npx` would find it. */
const everwarm = (...args: readonly string[]): Promise<Ended> =>
  run(join(installation.folder, 'node_modules/.bin/everwarm'), args, { cwd: installation.folder, env });

describe('the packed package', () => {
  it('holds the compiled code, the command, the licence and the readme, and nothing else', () => {
    const others = installation.packedFiles.filter((path) => !/^dist\/.*(?<!\.test)(?<!\.test-d)(\.js|\.d\.ts)$/.test(path));
    expect(others.toSorted()).toEqual(['LICENSE', 'README.md', 'bin/everwarm.js', 'package.json']);
    expect(installation.packedFiles).toContain('dist/cli/main.js');
  });

  it('is well formed for Node and for bundlers', async () => {
    const { tarball, folder } = installation;
    await Promise.all([
      succeed(tool('publint'), [tarball, '--strict'], { cwd: folder }),
      succeed(tool('attw'), [tarball, '--profile', 'esm-only', '--no-color'], { cwd: folder }),
    ]);
  }, 60_000);

  it('compiles with strict types, which refuse what they must', async () => {
    expect(await compile(installation.folder)).toEqual({ code: 0, stdout: '', stderr: '' });
  }, 60_000);

  it('names a column that does not exist', async () => {
    const file = join(installation.folder, 'wrong.ts');
    await writeFile(
      file,
      "import { defineReadModel } from 'everwarm';\nimport * as schema from './schema.ts';\ndefineReadModel(schema, 'halls', { name: 'wrong', columns: { nmae: true } });\n",
    );
    const { code, stdout } = await compile(installation.folder, '--noEmit');
    await rm(file);
    expect(code).not.toBe(0);
    expect(stdout).toMatch(/^wrong\.ts\(3,\d+\): error .*nmae/m);
  }, 60_000);

  it('keeps a read model with a composite key and a self-reference in under 40 lines, schema included', async () => {
    const lines = (await readFile(join(installation.folder, 'short.ts'), 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBeLessThan(40);
    const own = await createDatabase();
    onTestFinished(() => own.drop());
    const short = await run(process.execPath, ['build/short.js'], { cwd: installation.folder, env: { ...env, DATABASE_URL: own.url } });
    expect(short).toMatchObject({ code: 0, stderr: '' });
    const [document, verified] = short.stdout.split('\n').map((line) => JSON.parse(line || 'null') as unknown);
    expect(document).toEqual({
      name: 'Watch',
      whole: null,
      parts: [
        { number: 2, name: 'Hand' },
        { number: 1, name: 'Spring' },
      ],
      count: 2,
    });
    expect(verified).toMatchObject({ name: 'parts', checked: 3, differing: 0, inFlight: 0, findings: [] });
  }, 60_000);

  it('has an entry for readers that stands without BullMQ', async () => {
    const bullmq = join(installation.folder, 'node_modules/bullmq');
    expect(await everwarm('migrate')).toMatchObject({ code: 0, stderr: '' });
    await rename(bullmq, `${bullmq}-away`);
    const missing = await everwarm('status');
    const read = await run(process.execPath, ['build/reader-only.js', possibleKeys.exhibits[0]!], { cwd: installation.folder, env });
    await rename(`${bullmq}-away`, bullmq);
    expect(missing.stderr).toMatch(/bullmq/);
    expect(read).toEqual({ code: 0, stdout: 'null\n', stderr: '' });
  }, 60_000);

  it('has an entry for HTTP that stands without Fastify', async () => {
    expect(await everwarm('migrate')).toMatchObject({ code: 0, stderr: '' });
    const paths = [`/exhibit_page/${possibleKeys.exhibits[0]}`, '/exhibit_page/none', '/nowhere'];
    const asked = await run(process.execPath, ['build/http-only.js', ...paths], { cwd: installation.folder, env });
    const problem = (status: number) => `${status} application/problem+json; charset=utf-8\n`;
    expect(asked).toEqual({ code: 0, stdout: problem(404) + problem(400) + problem(404), stderr: '' });
  }, 60_000);

  it('keeps every document right through a random history, and its own command proves it', async () => {
    const random = seededRandom('packed package');
    const program = converse('build/program.js', { cwd: installation.folder, env });
    try {
      expect(await program.next()).toBe('ready');
      let documents = 0;
      for (let round = 0; round < 4; round++) {
        await writeHistory(random, 120);
        documents += await compareAll(program);
      }
      expect(documents).toBeGreaterThan(40);
      await emptyAndRefill();
      await compareAll(program);
      const verified = await everwarm('verify', '--all', '--json');
      expect(verified).toMatchObject({ code: 0, stderr: '' });
      const { models } = JSON.parse(verified.stdout) as {
        models: { name: string; checked: number; differing: number; findings: unknown[] }[];
      };
      expect(models.map((model) => model.name)).toEqual(['hall_page', 'exhibit_page', 'site_exhibits', 'keyword_exhibits']);
      for (const model of models) expect(model).toMatchObject({ differing: 0, findings: [], inFlight: 0 });
      expect(models.filter((model) => model.checked === 0)).toEqual([]);
      const status = JSON.parse(await succeed('npx', ['everwarm', 'status', '--json'], { cwd: installation.folder, env })) as object;
      expect(status).toMatchObject({ outbox: { undelivered: 0, relay: 'running' }, redis: { reachable: true } });
      expect(Object.keys(status)).toEqual(['models', 'outbox', 'redis', 'queues', 'marks']);
    } finally {
      expect(await program.end()).toBe(0);
    }
  }, 120_000);
});

/** Statements alone, several in one transaction, and transactions that are taken back. A statement that a constraint refuses is part of it. */
async function writeHistory(random: Random, length: number): Promise<void> {
  const client = await database.pool.connect();
  try {
    for (let done = 0; done < length; done++) {
      const writes = Array.from({ length: random.chance(0.3) ? random.integer(2, 5) : 1 }, () => nextWrite(random));
      await client.query('begin');
      const refused = await writes
        .reduce((before, write) => before.then(async () => void (await client.query(write.text, [...write.values]))), Promise.resolve())
        .then(() => false, isRefusal);
      await client.query(refused || random.chance(0.1) ? 'rollback' : 'commit');
    }
  } finally {
    client.release();
  }
}

function isRefusal(error: unknown): true {
  if (error instanceof Error && 'code' in error && /^23...$/.test(String(error.code))) return true;
  throw error;
}

/** All tables emptied in one statement, then one row in each again: every model has something to verify. */
async function emptyAndRefill(): Promise<void> {
  await database.pool.query('truncate "Hall", exhibit, "Catalogue"."Key""word", "Catalogue".exhibit_keyword');
  await database.pool.query(`insert into "Hall" values ('north', 1, 'again', null)`);
  await database.pool.query(`insert into "Catalogue"."Key""word" values (1, 'again')`);
  await database.pool.query(`insert into exhibit select $1::uuid, 'north', 1, null, 'again', 1, true, now()::timestamptz(3)`, [
    possibleKeys.exhibits[0],
  ]);
  await database.pool.query('insert into "Catalogue".exhibit_keyword select id, 1 from exhibit');
}

/** Holds every document and list against the rows. Returns how many documents there are. */
async function compareAll(program: Conversation): Promise<number> {
  const answer = await program.ask(possibleKeys);
  const museum = await readMuseum(database.pool);
  const expected = {
    halls: possibleKeys.halls.map((key) => hallPage(museum, key)),
    exhibits: possibleKeys.exhibits.map((id) => exhibitPage(museum, id)),
    sites: possibleKeys.sites.map((site) => siteExhibits(museum, site)),
    keywords: possibleKeys.keywords.map((keyword) => keywordExhibits(museum, keyword)),
  };
  expect(answer).toEqual(expected);
  return [...expected.halls, ...expected.exhibits].filter((document) => document !== null).length;
}
