import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from './services/home.mjs';

/** @typedef {{ code: number, passed: number, failed: number }} TestOutcome */

/** What nobody's test may see: tests make servers of their own. */
const FOREIGN = { DATABASE_URL: undefined, REDIS_URL: undefined };

/**
 * Runs vitest over all projects, its output going to the terminal, and counts.
 * @param {readonly string[]} args handed on to vitest
 * @returns {Promise<TestOutcome>} `code` is 0 exactly when `failed` is 0
 */
export async function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), 'everwarm-test-report-'));
  const report = join(folder, 'report.json');
  try {
    const vitest = join(repositoryRoot, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], {
      cwd: repositoryRoot,
      env: { ...process.env, ...FOREIGN },
      stdio: 'inherit',
    });
    const [code] = await once(child, 'exit');
    const read = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
    for (const line of failureLines(read)) console.log(line);
    return countTests(read, code ?? 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How much of a failure its line shows, in characters: enough for what was expected, and not the statements of a whole history. */
const SHOWN = 600;

/**
 * What failed, once more and in short: where only the end of an output is kept, a long message hides every other.
 * @param {{ testResults: { name: string, status: string, message?: string, assertionResults: { status: string, fullName: string, failureMessages?: string[] }[] }[] } | undefined} report
 * @returns {string[]} a line for each test that failed, and for each file that could not be loaded
 */
export function failureLines(report) {
  return (report?.testResults ?? []).flatMap(({ name, status, message = '', assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status === 'failed');
    if (status === 'failed' && tests.length === 0) return [`FAILED ${name}: ${message.slice(0, SHOWN)}`];
    return tests.map(({ fullName, failureMessages = [] }) => `FAILED ${name}: ${fullName}: ${(failureMessages[0] ?? '').slice(0, SHOWN)}`);
  });
}

/**
 * Counts tests, and what failed without being a test: a file that cannot be loaded counts as one, and so does a run that
 * fails outside of any test (an unhandled rejection, a global setup that throws).
 * @param {{ numPassedTests: number, numFailedTests: number, testResults: { status: string, assertionResults: { status: string }[] }[] } | undefined} report
 * @param {number} code vitest's exit code
 * @returns {TestOutcome}
 */
export function countTests(report, code) {
  const passed = report?.numPassedTests ?? 0;
  const unloaded = (report?.testResults ?? []).filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = (report?.numFailedTests ?? 0) + unloaded.length;
  if (code === 0 && failed === 0) return { code: 0, passed, failed: 0 };
  return { code: code || 1, passed, failed: Math.max(failed, 1) };
}

/**
 * The line that ends every run of tests.
 * @param {TestOutcome} outcome
 * @returns {string}
 */
export function summaryLine({ passed, failed }) {
  return `${passed} passed, ${failed} failed`;
}
