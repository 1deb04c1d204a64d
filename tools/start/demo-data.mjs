import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { repositoryRoot } from '../services/home.mjs';
import { RUN_SOURCE } from './app.mjs';

const BLOG = [...RUN_SOURCE, 'libs/blog/src/cli/main.ts'];
const EVERWARM = ['libs/everwarm/bin/everwarm.js'];
const DEMO = ['--posts', '200', '--seed', '1'];

/**
 * Brings the blog's tables and everwarm's own up to date, and fills the blog when it is empty. Existing rows are never touched.
 * @param {{ env: NodeJS.ProcessEnv, databaseUrl: string, signal: AbortSignal, log: (line: string) => void }} options
 * @returns {Promise<void>}
 * @throws when one of the steps fails; it has printed why
 */
export async function prepareDemo({ env, databaseUrl, signal, log }) {
  await runStep('the migrations of the blog', [...BLOG, 'migrate'], env, signal);
  await runStep('the migrations of everwarm', [...EVERWARM, 'migrate'], env, signal);
  if (!(await isEmpty(databaseUrl))) return log('The database has posts already: nothing is added.');
  log(`The database is empty: filling it (blog generate ${DEMO.join(' ')}) ...`);
  await runStep('filling the database', [...BLOG, 'generate', ...DEMO], env, signal);
}

/**
 * @param {string} what
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {AbortSignal} signal
 */
async function runStep(what, args, env, signal) {
  const child = spawn(process.execPath, args, { cwd: repositoryRoot, env, stdio: ['ignore', 'inherit', 'inherit'], signal });
  const [code, killed] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${what} ended with ${killed ?? `code ${code}`}. By hand: node ${args.join(' ')}`);
}

/** @param {string} databaseUrl */
async function isEmpty(databaseUrl) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'npm start' });
  await client.connect();
  try {
    const { rows } = await client.query('select not exists (select from posts) and not exists (select from users) as empty');
    return rows[0].empty === true;
  } finally {
    await client.end();
  }
}
