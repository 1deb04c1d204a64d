import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createDatabase, providedServers, type TestDatabase, waitFor } from '@everwarm/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environment, libraryConfig, libraryTables, type ProjectFolder, projectFolder, type Services } from './project-folder.ts';

let library: ProjectFolder;
let database: TestDatabase;
let services: Services;

beforeAll(async () => {
  database = await createDatabase();
  library = await projectFolder(libraryConfig(database.name));
  services = { databaseUrl: database.url, redisUrl: providedServers().redisUrl };
  await database.pool.query(libraryTables);
});

afterAll(async () => {
  await database?.drop();
  await library?.remove();
});

/** What a verb answers with --json, and its exit code. */
async function answer(...args: readonly string[]): Promise<{ readonly code: number; readonly value: unknown }> {
  const { code, stdout, stderr } = await library.everwarm([...args, '--json'], services);
  expect(stderr).toBe('');
  return { code, value: JSON.parse(stdout) };
}

/** A worker as a process, and what it printed so far. */
function startWorker(): { readonly child: ChildProcess; readonly output: () => string } {
  let printed = '';
  const child = spawn(process.execPath, [library.command, 'work'], {
    cwd: library.path,
    env: environment(services),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      printed += data.toString();
    });
  }
  return { child, output: () => printed };
}

describe('the verbs, one after the other', { timeout: 120_000 }, () => {
  it('help names every verb; no verb at all is wrong usage', async () => {
    const help = await library.everwarm(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const verb of [
      'migrate',
      'work',
      'status',
      'rebuild',
      'touch',
      'verify',
      'doctor',
      'explain',
      'quarantine',
      'fuse',
      'evict',
      'clear',
    ])
      expect(help.stdout).toContain(`\n  ${verb}`);
    expect(await library.everwarm([])).toMatchObject({ code: 2, stdout: '' });
    expect(await library.everwarm(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  });

  it('explain needs no database, and names what it derives', async () => {
    const nowhere = { databaseUrl: 'postgres://127.0.0.1:1/nowhere', redisUrl: 'redis://127.0.0.1:1' };
    const text = await library.everwarm(['explain', 'book_page'], nowhere);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(
      /^book_page\n {2}a document for each row of books\n[\s\S]*\nways back\n[\s\S]*\nrecompute\n {2}select k\.key/,
    );
    const all = await library.everwarm(['explain', '--json'], nowhere);
    expect(JSON.parse(all.stdout)).toMatchObject({
      models: [
        { name: 'book_page', kind: 'document', generations: null, waysBack: [{ sql: null }, { path: 'book_page.author', link: ['id'] }] },
        { name: 'author_books', kind: 'list', list: { item: 'book_page' } },
      ],
    });
    expect(await library.everwarm(['explain', 'nothing'], nowhere)).toMatchObject({ code: 2 });
  });

  it('migrate tells, does, and has nothing left to do', async () => {
    const told = await answer('migrate', '--dry-run');
    expect(told.value).toMatchObject({ dryRun: true, generations: ['book_page', 'author_books'], differences: [] });
    const text = await library.everwarm(['migrate', '--dry-run'], services);
    expect(text.stdout).toMatch(/^Would install\n[\s\S]*\nBy this SQL\n[\s\S]*create or replace trigger/);
    const { rows } = await database.pool.query(`select from pg_namespace where nspname = 'everwarm'`);
    expect(rows).toEqual([]);
    const done = await answer('migrate');
    expect(done).toMatchObject({ code: 0, value: { dryRun: false, generations: ['book_page', 'author_books'] } });
    expect(await answer('explain', 'book_page')).toMatchObject({
      value: { models: [{ generations: [{ id: 1, state: 'building', isThis: true }] }] },
    });
    const again = await library.everwarm(['migrate'], services);
    expect(again).toMatchObject({ code: 0, stdout: 'Nothing to do: the database has what the read models need.\n' });
  });

  it('without a worker, rebuild refuses and doctor fails', async () => {
    const rebuilt = await library.everwarm(['rebuild', 'book_page'], services);
    expect(rebuilt).toMatchObject({ code: 1, stderr: expect.stringMatching(/^everwarm: No worker is running.*everwarm work\n$/) });
    expect(await answer('rebuild', 'book_page', '--dry-run')).toMatchObject({ code: 0, value: { name: 'book_page', dryRun: true } });
    const { code, value } = await answer('doctor');
    expect({ code, value }).toMatchObject({ code: 1 });
    expect(JSON.stringify(value)).toContain('everwarm work');
  });

  it('work fills the documents, says ready, and ends in good order at SIGTERM', async () => {
    const worker = startWorker();
    const ended = once(worker.child, 'exit');
    try {
      await waitFor(() => worker.output().includes('ready\n'), { what: `ready from the worker`, timeoutMs: 30_000 });
      await waitFor(async () => (await database.pool.query(`select from everwarm.generations where state = 'serving'`)).rowCount === 2, {
        what: 'both generations to serve',
        timeoutMs: 30_000,
      });
      const status = await answer('status');
      expect(status).toEqual({
        code: 0,
        value: {
          models: [
            { name: 'author_books', generation: 2, state: 'serving', documents: 2, pending: 0, lagMs: 0, timers: 0 },
            { name: 'book_page', generation: 1, state: 'serving', documents: 2, pending: 0, lagMs: 0, timers: 0 },
          ],
          marks: [],
          outbox: { undelivered: 0, oldestMs: 0, relay: 'running', bytes: expect.any(Number) },
          redis: { reachable: true, usedMemory: expect.any(String), state: 'whole', sinceMs: expect.any(Number), owed: 0, reason: null },
          queues: [{ name: expect.any(String), waiting: 0, active: 0, failed: 0 }],
        },
      });
      expect(await answer('doctor')).toMatchObject({ code: 0 });
      expect(await answer('touch', 'book_page', '42', '43', '--dry-run')).toEqual({
        code: 0,
        value: { name: 'book_page', dryRun: true, keys: ['42', '43'] },
      });
      await database.pool.query(`delete from everwarm.projection_1 where key = '42'`);
      expect(await library.everwarm(['touch', 'book_page', '42'], services)).toMatchObject({
        code: 0,
        stdout: 'Will derive 1 document of book_page again.\n',
      });
      await waitFor(async () => (await database.pool.query(`select from everwarm.book_page where key = '42'`)).rowCount === 1, {
        what: 'the touched document',
      });
      expect(await library.everwarm(['touch', 'book_page', 'x'], services)).toMatchObject({
        code: 1,
        stderr: 'everwarm: The key for book_page has id = "x", which is not a whole number.\n',
      });
      expect(await library.everwarm(['touch', 'nothing', '1'], services)).toMatchObject({ code: 2 });
      expect(await library.everwarm(['evict', 'book_page', '42', '99'], services)).toMatchObject({
        code: 0,
        stdout: 'Evicted 1 document of book_page.\n',
      });
      await waitFor(async () => (await database.pool.query(`select from everwarm.book_page where key = '42'`)).rowCount === 1, {
        what: 'the evicted document to come back',
      });
      expect(await library.everwarm(['rebuild', 'book_page'], services)).toMatchObject({
        code: 0,
        stdout: 'Derived all documents of book_page again: 2.\n',
      });
    } finally {
      worker.child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    }
    expect(worker.output()).toBe('ready\nstopped\n');
  });

  it('quarantine lists what is apart, and an operator discards it', async () => {
    await database.pool.query(`insert into everwarm.quarantine (generation, key, since, code, error, attempts, first_failed_at, last_failed_at, retry_at, causes)
      values (1, '42', now(), '22012', 'division by zero', 3, now(), now(), now(), '[{"table": "public.books", "at": "2026-01-01T00:00:00Z"}]')`);
    expect(await answer('quarantine', 'list')).toMatchObject({
      code: 0,
      value: {
        quarantined: [{ model: 'book_page', key: '42', code: '22012', attempts: 3, causes: [{ table: 'public.books' }], owed: false }],
      },
    });
    expect(await library.everwarm(['quarantine', 'discard'], services)).toMatchObject({ code: 2, stdout: '' });
    const chosen = ['quarantine', 'discard', '--model', 'book_page', '--key', '42'];
    expect(await answer(...chosen, '--dry-run')).toEqual({ code: 0, value: { dryRun: true, keys: 1 } });
    expect(await library.everwarm(chosen, services)).toMatchObject({ code: 0, stdout: 'Discarded: 1 key.\n' });
    expect(await library.everwarm(['quarantine', 'list'], services)).toMatchObject({ stdout: 'Nothing is in quarantine.\n' });
    const { rows } = await database.pool.query('select verb from everwarm.operator_log');
    expect(rows).toEqual([{ verb: 'quarantine discard' }]);
  });

  it('verify finds nothing, and then the copy that was tampered with', async () => {
    const well = await answer('verify', '--all');
    expect(well.code).toBe(0);
    expect(well.value).toEqual({
      models: [
        { name: 'book_page', generation: 1, checked: 2, differing: 0, inFlight: 0, findings: [] },
        { name: 'author_books', generation: 2, checked: 2, differing: 0, inFlight: 0, findings: [] },
      ],
    });
    await database.pool.query(`update everwarm.projection_1 set doc = replace(doc, 'Romola', 'Adam Bede') where key = '43'`);
    const ill = await answer('verify', 'book_page');
    expect(ill.code).toBe(1);
    expect(ill.value).toMatchObject({
      models: [
        {
          differing: 1,
          findings: [
            { key: '43', layer: 'postgres', cause: expect.any(String) },
            { key: '43', layer: 'redis', cause: expect.any(String) },
          ],
        },
      ],
    });
    const table = await library.everwarm(['verify', 'book_page'], services);
    expect(table.code).toBe(1);
    expect(table.stdout).toMatch(
      /^read model +generation +checked +differing +in flight\nbook_page +1 +2 +1 +0\n\nread model +key +wrong copy +cause\nbook_page +43 +postgres /,
    );
  });
});
