import { randomBytes } from 'node:crypto';
import { Client, Pool } from 'pg';
import { providedServers } from './provided-servers.ts';
import type { TestServers } from './servers.ts';
import { waitFor } from './signals.ts';
import { type DatabaseTemplate, ensureTemplate } from './template.ts';

/** A database of one test. */
export type TestDatabase = {
  readonly name: string;
  /** A superuser's URL. */
  readonly url: string;
  /** For the test's own statements; at most four connections, named `testkit`. */
  readonly pool: Pool;
  /** The same database under another name in `pg_stat_activity`, so that a leak says whose it is. */
  urlFor(applicationName: string): string;
  /**
   * Ends `pool` and drops the database. Call it when everything under test is stopped, in `afterEach`, `afterAll` or `onTestFinished`.
   * @throws when a client is still connected (after the database is dropped all the same): it names the clients
   */
  drop(): Promise<void>;
};

/** Options of `createDatabase`. */
export type DatabaseOptions = {
  /** Clone this instead of starting empty. */
  readonly template?: DatabaseTemplate;
  /** Default: those of the test run. Required outside of vitest. */
  readonly servers?: Pick<TestServers, 'postgresUrl'>;
};

const LEAK_GRACE_MS = 2_000;

/** Makes a fresh database, empty or a clone of a template, on the run's Postgres. The caller must `drop` it. */
export async function createDatabase(options: DatabaseOptions = {}): Promise<TestDatabase> {
  const { postgresUrl } = options.servers ?? providedServers();
  const source = options.template ? await ensureTemplate(postgresUrl, options.template) : 'template0';
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(postgresUrl, (admin) => admin.query(`create database ${name} template ${source}`));
  const url = databaseUrl(postgresUrl, name);
  const urlFor = (applicationName: string) => `${url}?application_name=${encodeURIComponent(applicationName)}`;
  const pool = new Pool({ connectionString: urlFor('testkit'), max: 4 });
  // A test may end backends on purpose; an idle client that dies is replaced by the pool.
  pool.on('error', () => {});
  let dropped: Promise<void> | undefined;
  return { name, url, pool, urlFor, drop: () => (dropped ??= dropDatabase(postgresUrl, name, pool)) };
}

/** The URL of another database on the same server. */
export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs one piece of work on a connection of its own to the server's `postgres` database. */
export async function asAdmin<Result>(url: string, work: (admin: Client) => Promise<Result>): Promise<Result> {
  const admin = new Client({ connectionString: url, application_name: 'testkit admin' });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

async function dropDatabase(postgresUrl: string, name: string, pool: Pool): Promise<void> {
  if (!pool.ended) await pool.end();
  await asAdmin(postgresUrl, async (admin) => {
    const leaked = await lastingClients(admin, name);
    await admin.query(`drop database if exists ${name} with (force)`);
    if (leaked.length > 0)
      throw new Error(`Still connected to ${name} when it was dropped: ${leaked.join('; ')}. Stop what holds these connections first.`);
  });
}

/** A client that has just said goodbye lingers for a moment as a backend; one that stays is a leak. */
async function lastingClients(admin: Client, database: string): Promise<readonly string[]> {
  let found: readonly string[] = [];
  const gone = async () => {
    const { rows } = await admin.query<{ client: string }>(
      `select coalesce(nullif(application_name, ''), '(no application_name)') || ' (pid ' || pid || ', ' || coalesce(state, '?') || ', last statement: '
           || left(regexp_replace(query, '\\s+', ' ', 'g'), 120) || ')' as client
         from pg_stat_activity where datname = $1 and backend_type = 'client backend' order by pid`,
      [database],
    );
    found = rows.map((row) => row.client);
    return found.length === 0;
  };
  await waitFor(gone, { timeoutMs: LEAK_GRACE_MS, what: 'clients to leave' }).catch(() => undefined);
  return found;
}
