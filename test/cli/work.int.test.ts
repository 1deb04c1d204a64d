import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createDatabase, providedServers, waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { environment, libraryConfig, libraryTables, projectFolder } from './project-folder.ts';

test('everwarm work: a second signal ends it at once, although a batch cannot finish; what it had at hand stays owed', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await database.pool.query(libraryTables);
  const library = await projectFolder(libraryConfig(database.name));
  onTestFinished(() => library.remove());
  const services = { databaseUrl: database.url, redisUrl: providedServers().redisUrl };
  expect(await library.everwarm(['migrate'], services)).toMatchObject({ code: 0 });

  const worker = spawn(process.execPath, [library.command, 'work'], { cwd: library.path, env: environment(services), stdio: 'pipe' });
  onTestFinished(() => void worker.kill('SIGKILL'));
  let printed = '';
  for (const stream of [worker.stdout, worker.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const exited = once(worker, 'exit');
  await waitFor(() => printed.includes('ready'), { what: 'the worker to be ready', timeoutMs: 20_000 });
  const owed = async () => (await database.pool.query<{ key: string }>('select key from everwarm.ledger')).rows.map(({ key }) => key);
  await waitFor(async () => (await owed()).length === 0, { what: 'the documents to be made' });

  // Whoever acknowledges waits for as long as the test holds this lock.
  const holder = await database.pool.connect();
  onTestFinished(() => holder.release(true));
  await holder.query('select pg_advisory_lock(42)');
  await database.pool.query(
    `create function public.wait() returns trigger language plpgsql as 'begin perform pg_advisory_lock(42); return null; end'`,
  );
  await database.pool.query('create trigger wait before delete on everwarm.ledger for each statement execute function public.wait()');
  await database.pool.query(`update books set title = 'held up' where id = 42`);
  const isHeldUp = `select from pg_locks where locktype = 'advisory' and objid = 42 and not granted and database = (select oid from pg_database where datname = current_database())`;
  await waitFor(async () => (await database.pool.query(isHeldUp)).rowCount! > 0, { what: 'an acknowledgement to wait' });

  worker.kill('SIGTERM');
  // Signals within a moment of the first are the same wish: it is asked again until it has gone.
  await waitFor(() => worker.exitCode !== null || !worker.kill('SIGTERM'), { what: 'the worker to end', timeoutMs: 9000 });
  expect(await exited, printed).toEqual([1, null]);
  expect(printed).toContain('did not finish within the time they were given. Their keys are still owed');
  expect(await owed()).toContain('42');
});
