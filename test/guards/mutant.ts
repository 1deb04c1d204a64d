import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { providedServers } from '@everwarm/testkit';
import type { Guard } from './guard.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the tests import, besides packages. */
const copied = ['libs', 'test', 'tools', 'migrations', 'package.json', 'tsconfig.json', 'tsconfig.base.json', 'vitest.config.ts'];

/** A copy of the workspace, in which one stage may be built without one of its guards. The caller must `remove` it. */
export type Mutant = {
  /** Builds the stage without the guard. Throws when the guard's text is not found exactly once: it moved, and its entry must follow. */
  switchOff(guard: Guard): Promise<void>;
  /** Puts back what `switchOff` changed. */
  switchOn(guard: Guard): Promise<void>;
  /** Runs tests of the copy on the servers of this run, with databases of their own. `label` keeps apart what differs in its build. */
  run(label: string, tests: readonly Pick<Guard, 'file' | 'test'>[]): Promise<TestReport>;
  remove(): Promise<void>;
};

/** Which tests ran and how they ended; `output` is what they printed. */
export type TestReport = { readonly passed: readonly string[]; readonly failed: readonly string[]; readonly output: string };

/** Copies the workspace without its packages, which stay where they are; those of the workspace itself are the copy's. */
export async function copyWorkspace(): Promise<Mutant> {
  const folder = await mkdtemp(join(tmpdir(), 'everwarm-guards-'));
  for (const name of copied)
    await cp(join(root, name), join(folder, name), { recursive: true, filter: (path) => !/[/\\](node_modules|dist)$/.test(path) });
  await linkPackages(folder);
  const path = (guard: Guard) => join(folder, 'libs/everwarm/src', guard.stage);
  return {
    async switchOff(guard) {
      const text = await readFile(path(guard), 'utf8');
      const found = text.split(guard.on).length - 1;
      if (found !== 1) throw new Error(`${guard.stage} has the text of the guard "${guard.name}" ${found} times, not once: ${guard.on}`);
      await writeFile(
        path(guard),
        text.replace(guard.on, () => guard.off),
      );
    },
    async switchOn(guard) {
      await cp(join(root, 'libs/everwarm/src', guard.stage), path(guard));
    },
    run: (label, tests) => runTests(folder, label, tests),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function linkPackages(folder: string): Promise<void> {
  const packages = join(root, 'node_modules');
  await mkdir(join(folder, 'node_modules/@everwarm'), { recursive: true });
  for (const name of await readdir(packages)) {
    if (name !== 'everwarm' && name !== '@everwarm' && name !== '.vite')
      await symlink(join(packages, name), join(folder, 'node_modules', name));
  }
  await symlink('../libs/everwarm', join(folder, 'node_modules/everwarm'));
  for (const name of ['blog', 'testkit']) await symlink(`../../libs/${name}`, join(folder, 'node_modules/@everwarm', name));
  await symlink('../../test', join(folder, 'node_modules/@everwarm/test'));
  for (const library of ['blog', 'everwarm']) {
    const nested = join(root, 'libs', library, 'node_modules');
    await symlink(nested, join(folder, 'libs', library, 'node_modules')).catch(() => undefined);
  }
}

async function runTests(folder: string, label: string, tests: readonly Pick<Guard, 'file' | 'test'>[]): Promise<TestReport> {
  const report = join(folder, 'report.json');
  await rm(report, { force: true });
  const names = tests.map(({ test }) => test.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const child = spawn(
    process.execPath,
    [
      join(folder, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project=int',
      '--reporter=json',
      `--outputFile=${report}`,
      `--testTimeout=${testTimeoutMs}`,
      '--testNamePattern',
      names,
      ...new Set(tests.map(({ file }) => file)),
    ],
    {
      cwd: folder,
      env: {
        ...process.env,
        EVERWARM_TEST_SERVERS: JSON.stringify(providedServers()),
        EVERWARM_TEST_TEMPLATES: `${dirname(report)} ${label}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  const { testResults = [] } = JSON.parse(await readFile(report, 'utf8').catch(() => '{}')) as Report;
  const ended = (status: string) =>
    testResults.flatMap(({ assertionResults }) => assertionResults.filter((result) => result.status === status).map(({ title }) => title));
  return { passed: ended('passed'), failed: ended('failed'), output };
}

type Report = { testResults?: { assertionResults: { title: string; status: string }[] }[] };

/** How long a test of a mutant may wait for what will never come. */
const testTimeoutMs = 20_000;
