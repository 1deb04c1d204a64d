import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { repositoryRoot } from '../services/home.mjs';
import { RUN_SOURCE } from './app.mjs';

const BLOG = [...RUN_SOURCE, 'libs/blog/src/cli/main.ts'];
const EVERWARM = ['libs/everwarm/bin/everwarm.js'];
const DEMO = ['--posts', '200', '--seed', '1', '--if-empty'];

/**
 * Brings the blog's tables and everwarm's own up to date, and fills the blog when it is empty. Existing rows are never touched.
 * @param {{ env: NodeJS.ProcessEnv, signal: AbortSignal }} options
 * @returns {Promise<void>}
 * @throws when one of the steps fails; it has printed why
 */
export async function prepareDemo({ env, signal }) {
  await runStep('the migrations of the blog', [...BLOG, 'migrate'], env, signal);
  await runStep('the migrations of everwarm', [...EVERWARM, 'migrate'], env, signal);
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
