import { asAdmin, createDatabase, createRedis, databaseUrl, providedServers, type TestDatabase, type TestRedis } from '@everwarm/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ended } from '../package/command.ts';
import { libraryConfig, libraryTables, type ProjectFolder, projectFolder } from './project-folder.ts';

/* What a user sees when something is not as it must be: one line that says what to do, an exit code, never a stack trace. */

const nowhere = 'postgres://someone:secret@127.0.0.1:1/library';

let library: ProjectFolder;
let database: TestDatabase;
let empty: TestDatabase;
let evicting: TestRedis;
let redisUrl: string;
let powerless: string;

beforeAll(async () => {
  [database, empty, evicting] = await Promise.all([createDatabase(), createDatabase(), createRedis({ maxmemoryPolicy: 'allkeys-lru' })]);
  library = await projectFolder(libraryConfig(database.name));
  redisUrl = providedServers().redisUrl;
  await database.pool.query(libraryTables);
  const role = `powerless_${database.name}`;
  await database.pool.query(`create role ${role} login password 'secret'`);
  powerless = Object.assign(new URL(database.url), { username: role, password: 'secret' }).href;
});

afterAll(async () => {
  await database?.pool.query(`drop role if exists powerless_${database.name}`);
  await database?.drop();
  await empty?.drop();
  await evicting?.stop();
  await library?.remove();
});

/** One line of an error and nothing else, with this exit code. */
function expectError(ended: Ended, code: number, line: RegExp): void {
  expect(ended.stderr).toMatch(line);
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr.match(/\n/g)).toHaveLength(1);
  expect(ended.stderr).toMatch(/^everwarm: .*\n$/);
  expect(ended.stderr).not.toMatch(/secret| at .*:\d+:\d+/);
}

/** Runs something in a project folder of its own. */
async function inFolder(config: string | null, action: (folder: ProjectFolder) => Promise<Ended>): Promise<Ended> {
  const folder = await projectFolder(config);
  try {
    return await action(folder);
  } finally {
    await folder.remove();
  }
}

describe('the command line is wrong', () => {
  it.each([
    ['a verb that does not exist', ['statsu'], /unknown command 'statsu' \(Did you mean status\?\)/],
    ['a flag that does not exist', ['status', '--jsn'], /unknown option '--jsn'/],
    ['a verb without its argument', ['rebuild'], /missing required argument 'name'/],
    ['neither names nor --all', ['verify'], /Give either names of read models or --all\. Known: book_page, author_books\./],
    ['names and --all', ['verify', 'book_page', '--all'], /Give either names of read models or --all/],
    [
      'an unknown read model to verify',
      ['verify', 'book_page', 'nope'],
      /There is no read model "nope"\. Known: book_page, author_books\./,
    ],
    ['an unknown read model to rebuild', ['rebuild', 'nope'], /There is no read model "nope"/],
    ['a configuration that is not there', ['status', '--config', 'else.ts'], /There is no configuration file .*else\.ts/],
  ])('%s', async (_, args, line) => {
    expectError(await library.everwarm(args, { databaseUrl: database.url, redisUrl }), 2, line);
  });

  it('with --json the error is an object on stderr', async () => {
    const ended = await library.everwarm(['verify', 'nope', '--json'], { databaseUrl: database.url, redisUrl });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(ended.stderr)).toEqual({ error: { code: 'E_UNKNOWN_MODEL', message: expect.stringContaining('"nope"') } });
  });
});

describe('the configuration is wrong', () => {
  it.each([
    ['none', null, /There is no everwarm\.config\.ts, .* or a folder above it\. Create one with defineConfig/],
    ['one without a default export', 'export const config = {};', /has no configuration as its default export/],
    ['one that throws', "throw new Error('no such\\nsecrecy');", /everwarm\.config\.ts cannot be loaded: no such secrecy/],
    ['one that does not parse', 'export default {{;', /everwarm\.config\.ts cannot be loaded: /],
  ])('%s', async (_, config, line) => {
    expectError(await inFolder(config, (folder) => folder.everwarm(['status'])), 2, line);
  });

  it('URLs that are missing', async () => {
    expectError(await library.everwarm(['status']), 2, /"postgres" is not a postgres:\/\/ URL/);
  });

  it.each([
    ['where it is declared', 'orderBy: (b, { desc }) => [desc(b.id)]', ['status'], /: book_page has "orderBy" at its root/],
    ['by the database', "extras: { at: sql`random()::text`.as('at') }", ['migrate'], /: book_page.*random.* is not immutable/],
  ])('a shape that is not supported, refused %s', async (_, more, args, line) => {
    const services = { databaseUrl: database.url, redisUrl };
    expectError(await inFolder(libraryConfig(database.name, more), (folder) => folder.everwarm(args, services)), 1, line);
  });
});

describe('a server is not fit', () => {
  it.each([['migrate'], ['work'], ['verify', '--all']])('Postgres is not there: %s', async (...args) => {
    const line = /Postgres at someone@127\.0\.0\.1:1\/library cannot be used: .*ECONNREFUSED.*Start Postgres or correct the URL\./;
    expectError(await library.everwarm(args, { databaseUrl: nowhere, redisUrl }), 1, line);
  });

  it('the database does not exist', async () => {
    const ended = await library.everwarm(['migrate'], { databaseUrl: databaseUrl(database.url, 'no_such_database'), redisUrl });
    expectError(ended, 1, /database "no_such_database" does not exist.*Create it or correct the URL\./);
  });

  it('the role has no rights', async () => {
    await asAdmin(database.url, (admin) => admin.query(`revoke create on database ${database.name} from public`));
    const ended = await library.everwarm(['migrate'], { databaseUrl: powerless, redisUrl });
    expectError(ended, 1, /permission denied.*Grant the right, or give an owner connection \(ownerUrl\)\./);
  });

  it.each([['work'], ['rebuild', 'book_page']])('the database is not migrated: %s', async (...args) => {
    expectError(
      await library.everwarm(args, { databaseUrl: empty.url, redisUrl }),
      1,
      /This database has no schema "everwarm"\. Run everwarm migrate\./,
    );
  });

  it('Redis evicts, or is not there', async () => {
    expect(await library.everwarm(['migrate'], { databaseUrl: database.url, redisUrl })).toMatchObject({ code: 0, stderr: '' });
    const worked = await library.everwarm(['work'], { databaseUrl: database.url, redisUrl: evicting.url });
    expectError(worked, 1, /maxmemory-policy allkeys-lru: .*Set it to noeviction\./);
    const away = { databaseUrl: database.url, redisUrl: 'redis://127.0.0.1:1' };
    // A worker goes on without it, since Postgres has all it needs.
    expectError(
      await library.everwarm(['verify', '--all'], away),
      1,
      /Redis at 127\.0\.0\.1:1\/0 cannot be used: .*Start Redis or correct the URL\./,
    );
    const powerlessStatus = await library.everwarm(['status'], { databaseUrl: powerless, redisUrl });
    expectError(powerlessStatus, 1, /permission denied for schema everwarm\. Grant the right/);
  });

  it('doctor names all of it', async () => {
    const ended = await library.everwarm(['doctor', '--json'], { databaseUrl: nowhere, redisUrl: evicting.url });
    expect(ended).toMatchObject({ code: 1, stderr: '' });
    const { checks } = JSON.parse(ended.stdout) as { readonly checks: readonly { readonly problem: string | null }[] };
    expect(checks.map((check) => check.problem).join('\n')).toMatch(/someone@127\.0\.0\.1:1.*allkeys-lru/s);
  });
});
