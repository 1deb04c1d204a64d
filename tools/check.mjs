// `npm run check`: what CI runs, and the project `guards`. Each step is named with its time; the first that fails shows its output and ends the run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { repositoryRoot } from './services/home.mjs';
import { runTests, summaryLine } from './test-run.mjs';

const STEPS = [
  { name: 'format, lint, boundaries', command: ['biome', 'check'] },
  { name: 'lint with types', command: ['oxlint', '--type-aware'] },
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json', '--noEmit'] },
  { name: 'dead code', command: ['knip'] },
];

process.exitCode = await main();

async function main() {
  await ensureDependencies();
  for (const { name, command } of STEPS) {
    if (await runStep(name, command)) continue;
    // The last line has one form, whatever failed.
    console.log(`\n${summaryLine({ code: 1, passed: 0, failed: 1 })}`);
    return 1;
  }
  // The packed package (publint, attw, a stranger's schema) and the boundaries' own fixtures are tests.
  console.log('-- tests');
  const outcome = await runTests(process.argv.slice(2));
  console.log(`\n${summaryLine(outcome)}`);
  return outcome.code;
}

/**
 * @param {string} name
 * @param {readonly string[]} command
 * @returns {Promise<boolean>} whether it passed
 */
async function runStep(name, [program = '', ...args]) {
  const begin = performance.now();
  const child = spawn(join(repositoryRoot, 'node_modules', '.bin', program), args, {
    cwd: repositoryRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  const code = await once(child, 'close').then(
    ([status]) => status,
    (error) => String(error),
  );
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`${code === 0 ? 'ok' : 'FAILED'} ${name} (${[program, ...args].join(' ')}) ${seconds} s`);
  if (code !== 0) console.log(`${output}\n"${name}" failed (${code}). Again: npx ${[program, ...args].join(' ')}`);
  return code === 0;
}
