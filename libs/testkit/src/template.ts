import { createHash } from 'node:crypto';
import { Client } from 'pg';

/** A database made once per run and cloned for every test that wants it: cloning takes milliseconds, migrations do not. */
export type DatabaseTemplate = {
  /** The same key must always stand for the same content. */
  readonly key: string;
  /** Fills an empty database; must close every connection it opens before it resolves. */
  readonly build: (url: string) => Promise<void>;
};

/**
 * Makes the template's database if no test process of this run has made it yet; others wait for the one that does.
 * @returns the name to clone from
 * @throws what `build` throws; the half-filled database is dropped, and the next caller tries again
 */
export async function ensureTemplate(postgresUrl: string, template: DatabaseTemplate): Promise<string> {
  // Runs on one server whose code differs must not share what that code has made.
  const run = process.env['EVERWARM_TEST_TEMPLATES'] ?? '';
  const digest = createHash('sha256').update(`${run}${template.key}`).digest('hex').slice(0, 16);
  const name = `template_${digest}`;
  const admin = new Client({ connectionString: postgresUrl, application_name: 'testkit template' });
  await admin.connect();
  try {
    await admin.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
    const { rowCount } = await admin.query('select from pg_database where datname = $1 and datistemplate', [name]);
    if (!rowCount) await build(admin, name, postgresUrl, template);
    return name;
  } finally {
    await admin.end();
  }
}

async function build(admin: Client, name: string, postgresUrl: string, template: DatabaseTemplate): Promise<void> {
  await admin.query(`drop database if exists ${name} with (force)`);
  await admin.query(`create database ${name} template template0`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  await template.build(url.href);
  // Nobody may connect any more: a database with connections cannot be cloned. A client of `build` that lingers is ended.
  await admin.query(`alter database ${name} with allow_connections false is_template true`);
  await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [name]);
}
